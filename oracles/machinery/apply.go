package main

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
)

// step is one write of a sequence: an apply by a manager, or an update of the whole object.
type step struct {
	Verb    string         `json:"verb"`
	Manager string         `json:"manager"`
	Force   bool           `json:"force"`
	Object  map[string]any `json:"object"`
}

func init() {
	handlers["apply"] = func(r request) (any, error) {
		gvk := schema.GroupVersionKind{Version: "v1", Kind: r.Type}
		if r.Type == "Deployment" {
			gvk.Group = "apps"
		}
		f := managedfieldstest.NewTestFieldManager(applyconfigurations.NewTypeConverter(scheme.Scheme), gvk)
		states := []any{}
		for _, s := range r.Steps {
			object := &unstructured.Unstructured{Object: s.Object}
			var err error
			if s.Verb == "apply" {
				err = f.Apply(object, s.Manager, s.Force)
			} else {
				err = f.Update(object, s.Manager)
			}
			message := ""
			if err != nil {
				message = err.Error()
			}
			live, err := runtime.DefaultUnstructuredConverter.ToUnstructured(f.Live())
			if err != nil {
				return nil, err
			}
			unstructured.RemoveNestedField(live, "metadata", "managedFields")
			owners := f.ManagedFields()
			for i := range owners {
				owners[i].Time = nil
			}
			states = append(states, map[string]any{"error": message, "live": live, "owners": owners})
		}
		return states, nil
	}
}
