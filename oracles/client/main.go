// Asks a running API server what the official clients ask, and says what they do not get. Each part prints one line.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

const namespace = "oracle"

type world struct {
	ctx      context.Context
	config   *rest.Config
	typed    kubernetes.Interface
	dynamic  dynamic.Interface
	metadata metadata.Interface
}

type part struct {
	name string
	run  func(w *world) error
}

func main() {
	config := &rest.Config{
		Host: os.Args[1], BearerToken: os.Args[2], TLSClientConfig: rest.TLSClientConfig{Insecure: true}, QPS: 10000, Burst: 10000,
	}
	failed := 0
	for _, contentType := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		config := rest.CopyConfig(config)
		config.ContentType = contentType
		config.AcceptContentTypes = contentType + ",application/json"
		w := open(config)
		for _, p := range parts {
			started := time.Now()
			if err := p.run(w); err != nil {
				failed++
				fmt.Printf("FAIL %s (%s): %v\n", p.name, contentType, err)
				continue
			}
			fmt.Printf("ok   %s (%s, %v)\n", p.name, contentType, time.Since(started).Round(time.Millisecond))
		}
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func open(config *rest.Config) *world {
	ctx, _ := context.WithTimeout(context.Background(), 2*time.Minute)
	return &world{ctx, config, kubernetes.NewForConfigOrDie(config), dynamic.NewForConfigOrDie(config), metadata.NewForConfigOrDie(config)}
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
