package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingapply "k8s.io/client-go/applyconfigurations/autoscaling/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
)

func deploymentConfig(name string, replicas int32) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": name}
	return appsapply.Deployment(name, namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(replicas).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().WithContainers(coreapply.Container().WithName("c").WithImage("i")))))
}

// Typed configurations: applied, fought over, taken out again, and changed only where their manager owns something.
func typedApply(w *world) error {
	deployments := w.typed.AppsV1().Deployments(namespace)
	_ = deployments.Delete(w.ctx, "applied", metav1.DeleteOptions{})
	if _, err := deployments.Apply(w.ctx, deploymentConfig("applied", 1), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := deployments.Apply(w.ctx, deploymentConfig("applied", 2), metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("a field of another manager: %v", err)
	}
	forced, err := deployments.Apply(w.ctx, deploymentConfig("applied", 2), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	if err := check(*forced.Spec.Replicas == 2, "forced to %d", *forced.Spec.Replicas); err != nil {
		return err
	}
	mine, err := appsapply.ExtractDeployment(forced, "one")
	if err != nil {
		return err
	}
	if err := check(mine.Spec != nil && mine.Spec.Replicas == nil && *mine.Spec.Template.Spec.Containers[0].Image == "i", "one still owns %+v", mine.Spec); err != nil {
		return err
	}
	status := appsapply.Deployment("applied", namespace).WithStatus(appsapply.DeploymentStatus().WithReplicas(7))
	told, err := deployments.ApplyStatus(w.ctx, status, metav1.ApplyOptions{FieldManager: "three"})
	if err != nil {
		return err
	}
	_, err = deployments.ApplyScale(w.ctx, "applied", autoscalingapply.Scale().WithSpec(autoscalingapply.ScaleSpec().WithReplicas(4)), metav1.ApplyOptions{FieldManager: "four"})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("a scale that is another's: %v", err)
	}
	return check(told.Status.Replicas == 7 && *told.Spec.Replicas == 2, "status %+v", told.Status)
}

func dynamicApply(w *world) error {
	maps := w.dynamic.Resource(configMaps).Namespace(namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "dynamic"}, "data": map[string]any{"a": "1", "b": "2"},
	}}
	if _, err := maps.Apply(w.ctx, "dynamic", object, metav1.ApplyOptions{FieldManager: "dynamic", Force: true}); err != nil {
		return err
	}
	unstructured.RemoveNestedField(object.Object, "data", "b")
	changed, err := maps.Apply(w.ctx, "dynamic", object, metav1.ApplyOptions{FieldManager: "dynamic", Force: true})
	if err != nil {
		return err
	}
	data, _, err := unstructured.NestedStringMap(changed.Object, "data")
	if err != nil {
		return err
	}
	return check(len(data) == 1 && data["a"] == "1", "what is no longer applied goes: %v", data)
}

// Two candidates: one leads, and the other after it has let go.
func leaderElection(w *world) error {
	_ = w.typed.CoordinationV1().Leases(namespace).Delete(w.ctx, "leader", metav1.DeleteOptions{})
	led := make(chan string, 2)
	var group sync.WaitGroup
	run := func(ctx context.Context, id string) error {
		lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, "leader", w.typed.CoreV1(), w.typed.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: id})
		if err != nil {
			return err
		}
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 100 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { led <- id }, OnStoppedLeading: func() {}},
		})
		if err != nil {
			return err
		}
		group.Go(func() { elector.Run(ctx) })
		return nil
	}
	first, letGo := context.WithCancel(w.ctx)
	second, end := context.WithCancel(w.ctx)
	defer group.Wait()
	defer end()
	defer letGo()
	if err := run(first, "first"); err != nil {
		return err
	}
	if err := expect(led, "first"); err != nil {
		return err
	}
	if err := run(second, "second"); err != nil {
		return err
	}
	select {
	case id := <-led:
		return fmt.Errorf("%s leads beside the first", id)
	case <-time.After(500 * time.Millisecond):
	}
	letGo()
	if err := expect(led, "second"); err != nil {
		return err
	}
	lease, err := w.typed.CoordinationV1().Leases(namespace).Get(w.ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return check(*lease.Spec.HolderIdentity == "second" && *lease.Spec.LeaseTransitions >= 1 && lease.Spec.RenewTime.Nanosecond()%1000 == 0, "lease %+v", lease.Spec)
}

func expect(led <-chan string, wanted string) error {
	select {
	case id := <-led:
		return check(id == wanted, "%s leads, not %s", id, wanted)
	case <-time.After(10 * time.Second):
		return fmt.Errorf("%s never leads", wanted)
	}
}

// Whoever meets a conflict reads again: twenty at a time lose nothing.
func retriesOnConflict(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	_ = maps.Delete(w.ctx, "counter", metav1.DeleteOptions{})
	if _, err := maps.Create(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	patient := retry.DefaultBackoff
	patient.Steps = 50
	failures := make(chan error, 20)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			failures <- retry.RetryOnConflict(patient, func() error {
				current, err := maps.Get(w.ctx, "counter", metav1.GetOptions{})
				if err != nil {
					return err
				}
				if current.Data == nil {
					current.Data = map[string]string{}
				}
				current.Data[fmt.Sprint("k", i)] = "v"
				_, err = maps.Update(w.ctx, current, metav1.UpdateOptions{})
				return err
			})
		})
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	counted, err := maps.Get(w.ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return check(len(counted.Data) == 20, "%d of 20 were written", len(counted.Data))
}

// Scales anything by what discovery says of it, as autoscalers do.
func scaleClient(w *world) error {
	if _, err := w.typed.AppsV1().Deployments(namespace).Apply(w.ctx, deploymentConfig("scaled", 1), metav1.ApplyOptions{FieldManager: "oracle", Force: true}); err != nil {
		return err
	}
	cached := memory.NewMemCacheClient(w.typed.Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cached)
	scales, err := scale.NewForConfig(w.config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(cached))
	if err != nil {
		return err
	}
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	current, err := scales.Scales(namespace).Get(w.ctx, resource, "scaled", metav1.GetOptions{})
	if err != nil {
		return err
	}
	current.Spec.Replicas = 6
	if _, err := scales.Scales(namespace).Update(w.ctx, resource, current, metav1.UpdateOptions{}); err != nil {
		return err
	}
	patched, err := scales.Scales(namespace).Patch(w.ctx, resource.WithVersion("v1"), "scaled", types.MergePatchType, []byte(`{"spec":{"replicas":8}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return check(patched.Spec.Replicas == 8 && patched.Status.Selector == "app=scaled", "scale %+v", patched)
}

// Short names, kinds and verbs, from what discovery said once.
func cachedDiscovery(w *world) error {
	cached := memory.NewMemCacheClient(w.typed.Discovery())
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	for asked, wanted := range map[string]string{"po": "pods", "deploy": "deployments", "hpa": "horizontalpodautoscalers", "crd": "customresourcedefinitions"} {
		found, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: asked})
		if err != nil {
			return err
		}
		if err := check(found.Resource == wanted, "%s is %v", asked, found); err != nil {
			return err
		}
	}
	if err := check(cached.Fresh(), "the cache is stale at once"); err != nil {
		return err
	}
	preferred, err := discovery.ServerPreferredNamespacedResources(cached)
	if err != nil {
		return err
	}
	scaleable := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "watch", "patch"}}, preferred)
	return check(len(scaleable) > 10, "%d groups of namespaced resources", len(scaleable))
}

// Events of both APIs: the second of the same kind is counted, not made anew.
func eventRecorders(w *world) error {
	account := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("told-", time.Now().UnixNano()), Namespace: namespace}}
	subject, err := w.typed.CoreV1().ConfigMaps(namespace).Create(w.ctx, account, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	old := record.NewBroadcaster()
	defer old.Shutdown()
	old.StartRecordingToSink(&coreSink{w})
	recorder := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "oracle"})
	for range 3 {
		recorder.Event(subject, corev1.EventTypeNormal, "Told", "the same again")
		time.Sleep(20 * time.Millisecond)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: w.typed.EventsV1()})
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	defer broadcaster.Shutdown()
	broadcaster.NewRecorder(scheme.Scheme, "navarch.dev/oracle").Eventf(subject, nil, corev1.EventTypeWarning, "ToldNew", "Telling", "in the new way")
	selector := "involvedObject.uid=" + string(subject.UID)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		told, err := w.typed.CoreV1().Events(namespace).List(w.ctx, metav1.ListOptions{FieldSelector: selector})
		if err != nil {
			return err
		}
		var counted, isNew bool
		for _, event := range told.Items {
			counted = counted || event.Reason == "Told" && event.Count == 3
			isNew = isNew || event.Reason == "ToldNew" && event.ReportingController == "navarch.dev/oracle"
		}
		if counted && isNew {
			return check(len(told.Items) == 2, "%d events", len(told.Items))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("told %+v", told.Items)
		}
	}
}

type coreSink struct{ w *world }

func (s *coreSink) Create(event *corev1.Event) (*corev1.Event, error) {
	return s.w.typed.CoreV1().Events(event.Namespace).CreateWithEventNamespaceWithContext(s.w.ctx, event)
}

func (s *coreSink) Update(event *corev1.Event) (*corev1.Event, error) {
	return s.w.typed.CoreV1().Events(event.Namespace).UpdateWithEventNamespaceWithContext(s.w.ctx, event)
}

func (s *coreSink) Patch(event *corev1.Event, data []byte) (*corev1.Event, error) {
	return s.w.typed.CoreV1().Events(event.Namespace).PatchWithEventNamespaceWithContext(s.w.ctx, event, data)
}

// A watch that goes on where it was cut off sees every change once.
func retryWatcher(w *world) error {
	if err := fill(w); err != nil {
		return err
	}
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	list, err := maps.List(w.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	watching := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		second := int64(1)
		options.TimeoutSeconds = &second
		return maps.Watch(ctx, options)
	}}
	watcher, err := toolswatch.NewRetryWatcherWithContext(ctx, list.ResourceVersion, watching)
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for i := range 14 {
		if _, err := maps.Patch(w.ctx, "p1", types.MergePatchType, fmt.Appendf(nil, `{"data":{"i":"%d"}}`, i), metav1.PatchOptions{}); err != nil {
			return err
		}
		event := <-watcher.ResultChan()
		object, ok := event.Object.(*corev1.ConfigMap)
		if err := check(ok && object.Data["i"] == fmt.Sprint(i), "event %d is %v %+v", i, event.Type, event.Object); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}
