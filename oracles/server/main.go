// Serves definitions and custom resources with the official libraries, on an etcd of its own in a temporary folder.
// It writes {url, token} on a line once it is ready; each line `compact` of its input makes etcd forget all but the
// present, answered by a line, and it ends with its input. Its argument names features: `A=true,B=false`.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	generatedopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/endpoints/filters"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/util/notfoundhandler"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

const token = "oracle"

func main() {
	klog.SetOutput(nothing{})
	klog.LogToStderr(false)
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("stderrthreshold", "FATAL") // What it thinks of odd requests is not asked.
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }

func run() error {
	if len(os.Args) > 1 && os.Args[1] != "" {
		if err := feature.DefaultMutableFeatureGate.Set(os.Args[1]); err != nil {
			return err
		}
	}
	folder, err := os.MkdirTemp("", "navarch-oracle-server-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	store, err := startEtcd(folder)
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	address, ended, err := serve(ctx, store.Clients[0].Addr().String(), folder)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]string{"url": "https://" + address, "token": token}); err != nil {
		return err
	}
	client := v3client.New(store.Server)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() != "compact" {
			continue
		}
		if err := out.Encode(compact(ctx, client)); err != nil {
			return err
		}
	}
	cancel()
	return <-ended
}

func startEtcd(folder string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "etcd")
	config.LogLevel = "panic"
	config.UnsafeNoFsync = true
	any, err := url.Parse("http://127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{*any}, []url.URL{*any}
	config.AdvertiseClientUrls, config.AdvertisePeerUrls = []url.URL{*any}, []url.URL{*any}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	started, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-started.Server.ReadyNotify():
		return started, nil
	case <-time.After(time.Minute):
		started.Close()
		return nil, errors.New("etcd is not ready after a minute")
	}
}

func compact(ctx context.Context, client *clientv3.Client) map[string]any {
	found, err := client.Get(ctx, "any")
	if err == nil {
		_, err = client.Compact(ctx, found.Header.Revision, clientv3.WithCompactPhysical())
	}
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"revision": found.Header.Revision}
}

// Serves until ctx is done; what it ended with comes by the channel.
func serve(ctx context.Context, etcd, folder string) (string, <-chan error, error) {
	o := options.NewCustomResourceDefinitionsServerOptions(os.Stderr, os.Stderr)
	recommended := o.RecommendedOptions
	recommended.Etcd.StorageConfig.Prefix = "/registry" // As kube-apiserver has it: keys are seen in refusals.
	recommended.Etcd.StorageConfig.Transport.ServerList = []string{"http://" + etcd}
	recommended.Authentication, recommended.Authorization, recommended.CoreAPI, recommended.Admission = nil, nil, nil, nil
	recommended.Features.EnablePriorityAndFairness = false // It would need a cluster.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	recommended.SecureServing.Listener = listener
	recommended.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	recommended.SecureServing.ServerCert.CertDirectory = folder
	config, err := configured(o)
	if err != nil {
		return "", nil, err
	}
	unknown := notfoundhandler.New(config.GenericConfig.Serializer, filters.NoMuxAndDiscoveryIncompleteKey)
	definitionsServer, err := config.Complete().New(server.NewEmptyDelegateWithCustomHandler(unknown))
	if err != nil {
		return "", nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- definitionsServer.GenericAPIServer.PrepareRun().RunWithContext(ctx) }()
	return listener.Addr().String(), ended, ready(definitionsServer.GenericAPIServer)
}

// What the options come to, without a cluster around the server.
func configured(o *options.CustomResourceDefinitionsServerOptions) (*apiserver.Config, error) {
	if err := o.Complete(); err != nil {
		return nil, err
	}
	if err := o.RecommendedOptions.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", nil, nil); err != nil {
		return nil, err
	}
	generic := server.NewRecommendedConfig(apiserver.Codecs)
	if err := o.ServerRunOptions.ApplyTo(&generic.Config); err != nil {
		return nil, err
	}
	if err := o.RecommendedOptions.ApplyTo(generic); err != nil {
		return nil, err
	}
	if err := o.APIEnablement.ApplyTo(&generic.Config, apiserver.DefaultAPIResourceConfigSource(), apiserver.Scheme); err != nil {
		return nil, err
	}
	definitions := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(generatedopenapi.GetOpenAPIDefinitions)
	namer := openapinamer.NewDefinitionNamer(apiserver.Scheme, scheme.Scheme)
	generic.OpenAPIConfig = server.DefaultOpenAPIConfig(definitions, namer)
	generic.OpenAPIV3Config = server.DefaultOpenAPIV3Config(definitions, namer)
	generic.AdmissionControl = admission.NewChainHandler() // Of nothing; while a definition is on its way out, upstream counts on one.
	generic.Authentication.Authenticator = authenticator.RequestFunc(everyoneIsAdmin)
	generic.Authorization.Authorizer = authorizerfactory.NewAlwaysAllowAuthorizer()
	return &apiserver.Config{GenericConfig: generic, ExtraConfig: apiserver.ExtraConfig{
		CRDRESTOptionsGetter: options.NewCRDRESTOptionsGetter(*o.RecommendedOptions.Etcd, generic.ResourceTransformers, generic.StorageObjectCountTracker),
		ServiceResolver:      noServices{},
		AuthResolverWrapper:  webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, generic.LoopbackClientConfig, noop.NewTracerProvider()),
	}}, nil
}

type noServices struct{}

func (noServices) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	return nil, fmt.Errorf("service %q not found", name)
}

func everyoneIsAdmin(*http.Request) (*authenticator.Response, bool, error) {
	return &authenticator.Response{User: &user.DefaultInfo{Name: "oracle", Groups: []string{user.SystemPrivilegedGroup, user.AllAuthenticated}}}, true, nil
}

// Waits until every check of readiness passes.
func ready(served *server.GenericAPIServer) error {
	client, err := rest.HTTPClientFor(served.LoopbackClientConfig)
	if err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		answer, err := client.Get(served.LoopbackClientConfig.Host + "/readyz")
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("the server is not ready after a minute")
}
