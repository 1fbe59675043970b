package main

import (
	"context"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	clientinformers "k8s.io/client-go/informers"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// An informer must end up with what the server has, whatever was written while it began.
func informers(w *world) error {
	factory := clientinformers.NewSharedInformerFactoryWithOptions(w.typed, 0, clientinformers.WithNamespace(namespace))
	return follow(w, factory.Core().V1().ConfigMaps().Informer(), "typed")
}

func otherInformers(w *world) error {
	dynamic := dynamicinformer.NewFilteredDynamicSharedInformerFactory(w.dynamic, 0, namespace, nil)
	if err := follow(w, dynamic.ForResource(configMaps).Informer(), "dynamic"); err != nil {
		return err
	}
	partial := metadatainformer.NewFilteredSharedInformerFactory(w.metadata, 0, namespace, nil)
	return follow(w, partial.ForResource(configMaps).Informer(), "metadata")
}

// 30 MB in 3,000 objects: more than the server lets wait for a slow reader.
func largeInformer(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps("oracle-large")
	_, _ = w.typed.CoreV1().Namespaces().Create(w.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "oracle-large"}}, metav1.CreateOptions{})
	var group sync.WaitGroup
	for worker := range 30 {
		group.Go(func() {
			for i := range 100 {
				object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("large-%d", worker*100+i)}, Data: map[string]string{"x": strings.Repeat("y", 10_000)}}
				_, _ = maps.Create(w.ctx, object, metav1.CreateOptions{})
			}
		})
	}
	group.Wait()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	informer := clientinformers.NewSharedInformerFactoryWithOptions(w.typed, 0, clientinformers.WithNamespace("oracle-large")).Core().V1().ConfigMaps().Informer()
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("never synced")
	}
	return check(len(informer.GetStore().List()) >= 3000, "holds %d", len(informer.GetStore().List()))
}

func follow(w *world, informer cache.SharedIndexInformer, name string) error {
	if err := fill(w); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	writing := make(chan error, 1)
	go func() { writing <- churn(w, 200) }()
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("%s never synced", name)
	}
	if err := <-writing; err != nil {
		return err
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		want, err := listed(w)
		if err != nil {
			return err
		}
		have := held(informer)
		if reflect.DeepEqual(want, have) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s informer holds %v, the server has %v", name, have, want)
		}
	}
}

// churn creates, changes and deletes.
func churn(w *world, times int) error {
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	for i := range times {
		name := fmt.Sprintf("churn-%d", i%20)
		var err error
		switch i / 20 % 3 {
		case 0:
			_, err = maps.Create(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		case 1:
			_, err = maps.Update(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"i": fmt.Sprint(i)}}, metav1.UpdateOptions{})
		default:
			err = maps.Delete(w.ctx, name, metav1.DeleteOptions{})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func listed(w *world) ([]string, error) {
	list, err := w.typed.CoreV1().ConfigMaps(namespace).List(w.ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, object := range list.Items {
		out = append(out, object.Name+" "+object.ResourceVersion)
	}
	sort.Strings(out)
	return out, nil
}

func held(informer cache.SharedIndexInformer) []string {
	out := []string{}
	for _, object := range informer.GetStore().List() {
		meta := object.(metav1.Object)
		out = append(out, meta.GetName()+" "+meta.GetResourceVersion())
	}
	sort.Strings(out)
	return out
}
