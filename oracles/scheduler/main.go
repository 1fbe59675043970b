// What the official types of the scheduler's edges say: `decode` reads configurations, one line each, and writes what is
// wrong with them; `URL TOKEN` is a second scheduler and an extender in a running cluster, written against client-go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	config "k8s.io/kube-scheduler/config/v1"
)

func main() {
	if os.Args[1] == "decode" {
		decode()
		return
	}
	run(os.Args[1], os.Args[2])
}

// Writes `ok`, or the error, of every document: a JSON text in a JSON string.
func decode() {
	scheme := runtime.NewScheme()
	if err := config.AddToScheme(scheme); err != nil {
		panic(err)
	}
	codecs := serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	decoder := codecs.UniversalDecoder(schema.GroupVersion{Group: config.GroupName, Version: "v1"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		said := "ok"
		if _, _, err := decoder.Decode(lines.Bytes(), nil, nil); err != nil {
			said = err.Error()
		}
		out, _ := json.Marshal(said)
		fmt.Println(string(out))
	}
}
