package main

import (
	"context"
	"fmt"
	"net/http"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Nothing is ever stored: documents are made of what a storage could do. Each part below is one thing it can.

type named struct {
	scheme *runtime.Scheme
	gvk    schema.GroupVersionKind
}

func (n named) New() runtime.Object {
	made, err := n.scheme.New(n.gvk)
	utilruntime.Must(err)
	return made
}
func (named) Destroy() {}

// facts are what discovery tells of a resource.
type facts struct {
	named
	of resource
}

func (f facts) NamespaceScoped() bool            { return f.of.Namespaced }
func (f facts) ShortNames() []string             { return f.of.ShortNames }
func (f facts) Categories() []string             { return f.of.Categories }
func (f facts) GetSingularName() string          { return f.of.Singular }
func (f facts) DeleteReturnsDeletedObject() bool { return f.of.DeletesToObject }
func (f facts) StorageVersion() runtime.GroupVersioner {
	if f.of.Stored == "" {
		return nil
	}
	stored, err := schema.ParseGroupVersion(f.of.Stored)
	utilruntime.Must(err)
	return always(stored.WithKind(f.of.Kind))
}

// always is the version in which a resource is stored, whatever it is served as.
type always schema.GroupVersionKind

func (a always) KindForGroupVersionKinds([]schema.GroupVersionKind) (schema.GroupVersionKind, bool) {
	return schema.GroupVersionKind(a), true
}
func (a always) Identifier() string { return a.Version }

type getter struct{}

func (getter) Get(context.Context, string, *metav1.GetOptions) (runtime.Object, error) {
	panic("nothing is stored")
}

type lister struct{ named }

func (l lister) NewList() runtime.Object {
	made, err := l.scheme.New(l.gvk.GroupVersion().WithKind(l.gvk.Kind + "List"))
	utilruntime.Must(err)
	return made
}
func (lister) List(context.Context, *metainternalversion.ListOptions) (runtime.Object, error) {
	panic("nothing is stored")
}
func (lister) ConvertToTable(context.Context, runtime.Object, runtime.Object) (*metav1.Table, error) {
	panic("nothing is stored")
}

type watcher struct{}

func (watcher) Watch(context.Context, *metainternalversion.ListOptions) (watch.Interface, error) {
	panic("nothing is stored")
}

type creater struct{}

func (creater) Create(context.Context, runtime.Object, rest.ValidateObjectFunc, *metav1.CreateOptions) (runtime.Object, error) {
	panic("nothing is stored")
}

type namedCreater struct{}

func (namedCreater) Create(context.Context, string, runtime.Object, rest.ValidateObjectFunc, *metav1.CreateOptions) (runtime.Object, error) {
	panic("nothing is stored")
}

type updater struct{}

func (updater) Update(context.Context, string, rest.UpdatedObjectInfo, rest.ValidateObjectFunc, rest.ValidateObjectUpdateFunc, bool, *metav1.UpdateOptions) (runtime.Object, bool, error) {
	panic("nothing is stored")
}

type deleter struct{}

func (deleter) Delete(context.Context, string, rest.ValidateObjectFunc, *metav1.DeleteOptions) (runtime.Object, bool, error) {
	panic("nothing is stored")
}

type collectionDeleter struct{}

func (collectionDeleter) DeleteCollection(context.Context, rest.ValidateObjectFunc, *metav1.DeleteOptions, *metainternalversion.ListOptions) (runtime.Object, error) {
	panic("nothing is stored")
}

func storageOf(scheme *runtime.Scheme, of resource) rest.Storage {
	base := named{scheme, schema.GroupVersionKind{Group: of.Group, Version: of.Version, Kind: of.Kind}}
	f := facts{base, of}
	switch {
	case has(of.Verbs, "deletecollection", "watch", "patch", "create"):
		return struct {
			facts
			getter
			listing
			watcher
			creater
			updater
			deleter
			collectionDeleter
		}{facts: f, listing: lister{base}}
	case has(of.Verbs, "delete", "watch", "patch", "create"):
		return struct {
			facts
			getter
			listing
			watcher
			creater
			updater
			deleter
		}{facts: f, listing: lister{base}}
	case has(of.Verbs, "get", "list"):
		return struct {
			facts
			getter
			listing
		}{facts: f, listing: lister{base}}
	case has(of.Verbs, "create"):
		return struct {
			facts
			creater
		}{facts: f}
	}
	panic(fmt.Sprintf("%s has verbs that no storage here has: %v", of.Plural, of.Verbs))
}

// listing is what lister adds to what every storage is: not its New, which all of them have.
type listing interface {
	NewList() runtime.Object
	List(context.Context, *metainternalversion.ListOptions) (runtime.Object, error)
	rest.TableConvertor
}

// foreign says of which kind a subresource is, where that is not its resource's.
type foreign struct{ gvk schema.GroupVersionKind }

func (f foreign) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind { return f.gvk }

type withOptions struct{ options named }

func (w withOptions) Get(context.Context, string, runtime.Object) (runtime.Object, error) {
	panic("nothing is stored")
}
func (w withOptions) NewGetOptions() (runtime.Object, bool, string) {
	return w.options.New(), false, ""
}

type text struct{}

func (text) ProducesMIMETypes(string) []string { return []string{"text/plain"} }
func (text) ProducesObject(string) interface{} { return "" }

type connecter struct {
	options named
	of      subresource
}

func (c connecter) Connect(context.Context, string, runtime.Object, rest.Responder) (http.Handler, error) {
	panic("nothing is stored")
}
func (c connecter) NewConnectOptions() (runtime.Object, bool, string) {
	return c.options.New(), c.of.HasPath, "path"
}
func (c connecter) ConnectMethods() []string { return c.of.Methods }

func partOf(scheme *runtime.Scheme, parent resource, of subresource) rest.Storage {
	own := named{scheme, schema.GroupVersionKind{Group: of.Group, Version: of.Version, Kind: of.Kind}}
	options := named{scheme, schema.GroupVersionKind{Version: "v1", Kind: of.Options}}
	isForeign := of.Group != parent.Group || of.Version != parent.Version
	switch {
	case len(of.Methods) > 0:
		return struct {
			named
			connecter
		}{own, connecter{options, of}}
	case of.Text:
		return struct {
			named
			withOptions
			text
		}{own, withOptions{options}, text{}}
	case has(of.Verbs, "create") && isForeign:
		return struct {
			named
			namedCreater
			foreign
		}{named: own, foreign: foreign{own.gvk}}
	case has(of.Verbs, "create"):
		return struct {
			named
			namedCreater
		}{named: own}
	case has(of.Verbs, "get", "update", "patch") && isForeign:
		return struct {
			named
			getter
			updater
			foreign
		}{named: own, foreign: foreign{own.gvk}}
	case has(of.Verbs, "get", "update", "patch"):
		return struct {
			named
			getter
			updater
		}{named: own}
	case has(of.Verbs, "update"):
		return struct {
			named
			updater
		}{named: own}
	}
	panic(fmt.Sprintf("%s/%s has verbs that no storage here has: %v", parent.Plural, of.Name, of.Verbs))
}
