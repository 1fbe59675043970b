package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	extender "k8s.io/kube-scheduler/extender/v1"
)

const name = "second"

// Prints the address of the extender once both are there, and goes on until it is told to end.
func run(host, token string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client := kubernetes.NewForConfigOrDie(&rest.Config{
		Host: host, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}, QPS: 1000, Burst: 1000,
	})
	schedule(ctx, client)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.Handle("POST /gpus/filter", answering(filter))
	http.Handle("POST /gpus/prioritize", answering(prioritize))
	http.Handle("POST /gpus/preempt", answering(preempt))
	http.Handle("POST /gpus/bind", answering(func(args *extender.ExtenderBindingArgs) any {
		if err := bind(ctx, client, args.PodNamespace, args.PodName, args.PodUID, args.Node); err != nil {
			return &extender.ExtenderBindingResult{Error: err.Error()}
		}
		return &extender.ExtenderBindingResult{}
	}))
	go func() { _ = http.Serve(listener, nil) }()
	fmt.Printf("http://%s/gpus\n", listener.Addr())
	<-ctx.Done()
}

// Binds every pod that asks for this scheduler to the node whose name comes last, as its informers tell of them.
func schedule(ctx context.Context, client kubernetes.Interface) {
	nodes := informers.NewSharedInformerFactory(client, 0).Core().V1().Nodes()
	pods := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.FieldSelector = fields.AndSelectors(
			fields.OneTermEqualSelector("spec.schedulerName", name), fields.OneTermEqualSelector("spec.nodeName", ""),
		).String()
	})).Core().V1().Pods()
	_, err := pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		pod := object.(*v1.Pod)
		last := ""
		for _, key := range nodes.Informer().GetStore().ListKeys() {
			last = max(last, key)
		}
		if err := bind(ctx, client, pod.Namespace, pod.Name, pod.UID, last); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}})
	if err != nil {
		panic(err)
	}
	go nodes.Informer().RunWithContext(ctx)
	cache.WaitForCacheSync(ctx.Done(), nodes.Informer().HasSynced)
	go pods.Informer().RunWithContext(ctx)
	cache.WaitForCacheSync(ctx.Done(), pods.Informer().HasSynced)
}

func bind(ctx context.Context, client kubernetes.Interface, namespace, pod string, uid types.UID, node string) error {
	return client.CoreV1().Pods(namespace).Bind(ctx, &v1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pod, UID: uid},
		Target:     v1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
}

// Reads the official type, refusing fields that it has not, and answers with another.
func answering[Args any](answer func(*Args) any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var args Args
		decoder := json.NewDecoder(request.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&args); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			fmt.Fprintln(os.Stderr, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer(&args))
	})
}

// Leaves the nodes that are not named `plain`, and says why the others are not good enough.
func filter(args *extender.ExtenderArgs) any {
	if args.Pod == nil || args.Pod.Name == "" || args.Nodes == nil || args.NodeNames != nil {
		return &extender.ExtenderFilterResult{Error: "a pod and nodes were expected"}
	}
	result := &extender.ExtenderFilterResult{Nodes: &v1.NodeList{}, FailedNodes: extender.FailedNodesMap{}}
	for _, node := range args.Nodes.Items {
		if node.Name == "plain" {
			result.FailedNodes[node.Name] = "no driver for GPUs"
		} else {
			result.Nodes.Items = append(result.Nodes.Items, node)
		}
	}
	return result
}

// Prefers the node that is named `new`.
func prioritize(args *extender.ExtenderArgs) any {
	list := extender.HostPriorityList{}
	for _, node := range args.Nodes.Items {
		score := extender.MinExtenderPriority
		if node.Name == "new" {
			score = extender.MaxExtenderPriority
		}
		list = append(list, extender.HostPriority{Host: node.Name, Score: score})
	}
	return &list
}

// Lets everybody go that the scheduler has chosen.
func preempt(args *extender.ExtenderPreemptionArgs) any {
	result := &extender.ExtenderPreemptionResult{NodeNameToMetaVictims: map[string]*extender.MetaVictims{}}
	for node, victims := range args.NodeNameToVictims {
		meta := &extender.MetaVictims{NumPDBViolations: victims.NumPDBViolations}
		for _, pod := range victims.Pods {
			meta.Pods = append(meta.Pods, &extender.MetaPod{UID: string(pod.UID)})
		}
		result.NodeNameToMetaVictims[node] = meta
	}
	return result
}
