package main

import (
	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	imagepolicyv1alpha1 "k8s.io/api/imagepolicy/v1alpha1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	apiversion "k8s.io/apimachinery/pkg/version"
	apiregistrationv1beta1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1beta1"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"net/http"
	"sort"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	restclient "k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	netutils "k8s.io/utils/net"

	"navarch.dev/oracles/documents/generated"
)

// resource is one resource of the API, as ours tells of it.
type resource struct {
	Group        string        `json:"group"`
	Version      string        `json:"version"`
	Kind         string        `json:"kind"`
	Plural       string        `json:"plural"`
	Singular     string        `json:"singular"`
	ShortNames   []string      `json:"shortNames"`
	Categories   []string      `json:"categories"`
	Namespaced   bool          `json:"namespaced"`
	Verbs        []string      `json:"verbs"`
	Stored       string        `json:"stored"`
	Subresources []subresource `json:"subresources"`
	// DeletesToObject says that a deletion answers with what was deleted.
	DeletesToObject bool `json:"deletesToObject"`
}

// bearer is what kube-apiserver's options say of authentication.
var bearer = &spec.SecurityScheme{SecuritySchemeProps: spec.SecuritySchemeProps{
	Type: "apiKey", Name: "authorization", In: "header", Description: "Bearer Token authentication",
}}

type subresource struct {
	Name    string   `json:"name"`
	Group   string   `json:"group"`
	Version string   `json:"version"`
	Kind    string   `json:"kind"`
	Verbs   []string `json:"verbs"`
	// Options is the kind of what its query says.
	Options string `json:"options"`
	// Methods are those of a connection; none: it is no connection.
	Methods []string `json:"methods"`
	HasPath bool     `json:"hasPath"`
	Text    bool     `json:"text"`
}

func served(api []resource) http.Handler {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kubernetesscheme.AddToScheme, apiextensionsv1.AddToScheme, apiextensionsv1beta1.AddToScheme, apiregistrationv1.AddToScheme,
		apiregistrationv1beta1.AddToScheme, admissionv1.AddToScheme, admissionv1beta1.AddToScheme, imagepolicyv1alpha1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	codecs := serializer.NewCodecFactory(scheme)
	config := genericapiserver.NewConfig(codecs)
	config.ExternalAddress = "10.0.0.1:6443"
	config.PublicAddress = netutils.ParseIPSloppy("10.0.0.1")
	config.LegacyAPIGroupPrefixes = sets.NewString("/api")
	config.LoopbackClientConfig = &restclient.Config{}
	config.EffectiveVersion = basecompatibility.NewEffectiveVersionFromString("1.37", "", "")
	namer := openapinamer.NewDefinitionNamer(scheme)
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(generated.GetOpenAPIDefinitions, namer)
	config.OpenAPIConfig.Info.Title = "Kubernetes"
	config.OpenAPIConfig.SecurityDefinitions = &spec.SecurityDefinitions{"BearerToken": bearer}
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(generated.GetOpenAPIDefinitions, namer)
	config.OpenAPIV3Config.Info.Title = "Kubernetes"
	config.OpenAPIV3Config.SecuritySchemes = spec3.SecuritySchemes{"BearerToken": &spec3.SecurityScheme{SecuritySchemeProps: spec3.SecuritySchemeProps{
		Type: "apiKey", Name: "authorization", In: "header", Description: bearer.Description,
	}}}
	server, err := config.Complete(nil).New("documents", genericapiserver.NewEmptyDelegate())
	utilruntime.Must(err)
	groups := map[string][]resource{}
	for _, one := range api {
		groups[one.Group] = append(groups[one.Group], one)
	}
	names := []string{}
	for name := range groups {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		info := groupInfo(scheme, codecs, name, groups[name])
		if name == "" {
			utilruntime.Must(server.InstallLegacyAPIGroup("/api", info))
		} else {
			utilruntime.Must(server.InstallAPIGroups(info))
		}
	}
	server.PrepareRun()
	return server.Handler
}

func groupInfo(scheme *runtime.Scheme, codecs serializer.CodecFactory, group string, resources []resource) *genericapiserver.APIGroupInfo {
	info := &genericapiserver.APIGroupInfo{
		VersionedResourcesStorageMap: map[string]map[string]rest.Storage{},
		OptionsExternalVersion:       &schema.GroupVersion{Version: "v1"},
		Scheme:                       scheme,
		ParameterCodec:               runtime.NewParameterCodec(scheme),
		NegotiatedSerializer:         codecs,
	}
	for _, one := range resources {
		gv := schema.GroupVersion{Group: group, Version: one.Version}
		if info.VersionedResourcesStorageMap[one.Version] == nil {
			info.PrioritizedVersions = append(info.PrioritizedVersions, gv)
			info.VersionedResourcesStorageMap[one.Version] = map[string]rest.Storage{}
		}
		storages := info.VersionedResourcesStorageMap[one.Version]
		storages[one.Plural] = storageOf(scheme, one)
		for _, sub := range one.Subresources {
			storages[one.Plural+"/"+sub.Name] = partOf(scheme, one, sub)
		}
	}
	sort.Slice(info.PrioritizedVersions, func(i, j int) bool {
		return apiversion.CompareKubeAwareVersionStrings(info.PrioritizedVersions[i].Version, info.PrioritizedVersions[j].Version) > 0
	})
	return info
}

func has(verbs []string, wanted ...string) bool {
	for _, verb := range wanted {
		if !strings.Contains(" "+strings.Join(verbs, " ")+" ", " "+verb+" ") {
			return false
		}
	}
	return true
}
