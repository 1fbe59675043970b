package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/pager"
)

var parts = []part{
	{"create, get, update, patch, delete", writes},
	{"lists in pages", pages},
	{"an expired page goes on in the present", expiredPages},
	{"watch of tables and metadata", partialWatches},
	{"refusals are what clients look for", refusals},
	{"scale, status, reviews", subresources},
	{"delete a collection", deleteCollection},
	{"discovery, OpenAPI, version", discoveries},
	{"informers", informers},
	{"informers of metadata and of unstructured objects", otherInformers},
	{"typed server-side apply", typedApply},
	{"server-side apply of unstructured objects", dynamicApply},
	{"leader election", leaderElection},
	{"retries on conflict", retriesOnConflict},
	{"scales by discovery", scaleClient},
	{"cached discovery and short names", cachedDiscovery},
	{"events of both APIs", eventRecorders},
	{"a watch that goes on where it was cut off", retryWatcher},
	{"an informer of more than a connection holds", largeInformer},
}

func writes(w *world) error {
	_, _ = w.typed.CoreV1().Namespaces().Create(w.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	_ = maps.Delete(w.ctx, "a", metav1.DeleteOptions{})
	made, err := maps.Create(w.ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"x": "1"}}, Data: map[string]string{"k": "v"}, BinaryData: map[string][]byte{"b": {0, 255}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := check(made.UID != "" && made.ResourceVersion != "" && len(made.BinaryData["b"]) == 2 && len(made.ManagedFields) == 1, "created %+v", made); err != nil {
		return err
	}
	made.Data["k"] = "w"
	changed, err := maps.Update(w.ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if _, err := maps.Update(w.ctx, made, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("an old version: %v", err)
	}
	for patchType, body := range map[types.PatchType]string{
		types.JSONPatchType: `[{"op":"add","path":"/data/j","value":"1"}]`, types.MergePatchType: `{"data":{"m":"1"}}`, types.StrategicMergePatchType: `{"data":{"s":"1"}}`,
	} {
		if _, err := maps.Patch(w.ctx, "a", patchType, []byte(body), metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("%s: %w", patchType, err)
		}
	}
	apply := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"y":"1"}}`)
	if _, err := maps.Patch(w.ctx, "a", types.ApplyPatchType, apply, metav1.PatchOptions{FieldManager: "oracle"}); err != nil {
		return err
	}
	got, err := maps.Get(w.ctx, "a", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := check(len(got.Data) == 5 && got.CreationTimestamp.Equal(&changed.CreationTimestamp), "got %+v", got.Data); err != nil {
		return err
	}
	zero := int64(0)
	if err := maps.Delete(w.ctx, "a", metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &got.UID}}); err != nil {
		return err
	}
	_, err = maps.Get(w.ctx, "a", metav1.GetOptions{})
	return check(apierrors.IsNotFound(err), "a deleted object: %v", err)
}

// fill makes sure of ten ConfigMaps, p0 to p9, and no others.
func fill(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	if err := maps.DeleteCollection(w.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return err
	}
	for i := range 10 {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i), Labels: map[string]string{"even": fmt.Sprint(i%2 == 0)}}}
		if _, err := maps.Create(w.ctx, object, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func pages(w *world) error {
	if err := fill(w); err != nil {
		return err
	}
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	names := []string{}
	list := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		page, err := maps.List(ctx, options)
		// Whatever happens between two pages is not in the list.
		_, _ = maps.Patch(ctx, "p9", types.MergePatchType, fmt.Appendf(nil, `{"data":{"n":"%d"}}`, len(names)), metav1.PatchOptions{})
		return page, err
	})
	list.PageSize = 3
	err := list.EachListItem(w.ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		names = append(names, object.(*corev1.ConfigMap).Name)
		return nil
	})
	if err != nil {
		return err
	}
	if err := check(len(names) == 10 && names[0] == "p0" && names[9] == "p9", "pages give %v", names); err != nil {
		return err
	}
	even, err := maps.List(w.ctx, metav1.ListOptions{LabelSelector: "even=true", FieldSelector: "metadata.name!=p0", Limit: 2})
	if err != nil {
		return err
	}
	return check(len(even.Items) == 2 && even.Items[0].Name == "p2" && even.Continue != "" && even.RemainingItemCount == nil, "selected %+v", even.ListMeta)
}

func expiredPages(w *world) error {
	_, err := w.typed.CoreV1().ConfigMaps(namespace).List(w.ctx, metav1.ListOptions{Limit: 1, Continue: "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvcmVnaXN0cnkvY29uZmlnbWFwcy9vcmFjbGUvcDAifQ"})
	status := &apierrors.StatusError{}
	if !errors.As(err, &status) || !apierrors.IsResourceExpired(err) {
		return fmt.Errorf("page of a forgotten version: %v", err)
	}
	rest, err := w.typed.CoreV1().ConfigMaps(namespace).List(w.ctx, metav1.ListOptions{Continue: status.ErrStatus.Continue})
	if err != nil {
		return err
	}
	return check(len(rest.Items) == 9, "the rest has %d", len(rest.Items))
}

func partialWatches(w *world) error {
	list, err := w.metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(namespace).List(w.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if err := check(len(list.Items) == 10 && list.Items[0].Name == "p0", "metadata of %d", len(list.Items)); err != nil {
		return err
	}
	watcher, err := w.metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(namespace).Watch(w.ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if _, err := w.typed.CoreV1().ConfigMaps(namespace).Patch(w.ctx, "p1", types.MergePatchType, []byte(`{"metadata":{"labels":{"z":"`+fmt.Sprint(time.Now().UnixNano())+`"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	event := <-watcher.ResultChan()
	object, ok := event.Object.(*metav1.PartialObjectMetadata)
	return check(ok && event.Type == watch.Modified && object.Name == "p1", "event %v %T", event.Type, event.Object)
}

func refusals(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	_, err := maps.Create(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "p0"}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("the same name: %v", err)
	}
	_, err = w.typed.AppsV1().Deployments(namespace).Create(w.ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "d"}}, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("an empty Deployment: %v", err)
	}
	// Not by the typed client, which would ask again as often as it is told to.
	err = w.typed.CoreV1().RESTClient().Get().Namespace(namespace).Resource("configmaps").Param("resourceVersion", "999999999").MaxRetries(0).Do(w.ctx).Error()
	if !apierrors.IsTimeout(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		return fmt.Errorf("a version of the future: %v", err)
	}
	watcher, err := maps.Watch(w.ctx, metav1.ListOptions{ResourceVersion: "1"})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	event := <-watcher.ResultChan()
	if event.Type == watch.Error && !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
		return fmt.Errorf("a watch of the past: %v", event.Object)
	}
	return nil
}

func subresources(w *world) error {
	deployments := w.typed.AppsV1().Deployments(namespace)
	_ = deployments.Delete(w.ctx, "d", metav1.DeleteOptions{})
	labels := map[string]string{"app": "d"}
	made, err := deployments.Create(w.ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := check(*made.Spec.Replicas == 1 && made.Spec.Template.Spec.RestartPolicy == corev1.RestartPolicyAlways, "defaults: %+v", made.Spec); err != nil {
		return err
	}
	made.Status.ObservedGeneration = 1
	if _, err := deployments.UpdateStatus(w.ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	scale, err := deployments.GetScale(w.ctx, "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = 3
	scaled, err := deployments.UpdateScale(w.ctx, "d", &autoscalingv1.Scale{ObjectMeta: scale.ObjectMeta, Spec: scale.Spec}, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if err := check(scaled.Spec.Replicas == 3 && scaled.Status.Selector == "app=d", "scale %+v", scaled); err != nil {
		return err
	}
	review, err := w.typed.AuthorizationV1().SelfSubjectAccessReviews().Create(w.ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods"}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return check(review.Status.Allowed, "review %+v", review.Status)
}

func deleteCollection(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(namespace)
	if err := maps.DeleteCollection(w.ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "even=true"}); err != nil {
		return err
	}
	left, err := maps.List(w.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return check(len(left.Items) == 5, "%d are left", len(left.Items))
}
