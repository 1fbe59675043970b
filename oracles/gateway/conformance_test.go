// The conformance suite of the Gateway API against a running cluster. What it is to try is said by the suite's own flags.
package gateway

import (
	"io/fs"
	"strings"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

func TestConformance(t *testing.T) {
	options := conformance.DefaultOptions(t)
	options.ManifestFS = []fs.FS{manifests{conformance.Manifests}}
	conformance.RunConformanceWithOptions(t, options)
}

// manifests are the suite's, but for what none of its tests here is about.
type manifests struct{ fs.FS }

func (m manifests) ReadFile(name string) ([]byte, error) {
	text, err := fs.ReadFile(m.FS, name)
	return []byte(withoutDNS(string(text))), err
}

// withoutDNS leaves out the CoreDNS that only routes of UDP are tried with: the suite waits for all of its pods.
func withoutDNS(manifests string) string {
	kept := []string{}
	for _, object := range strings.Split(manifests, "\n---\n") {
		if !strings.Contains(object, "image: registry.k8s.io/coredns/") {
			kept = append(kept, object)
		}
	}
	return strings.Join(kept, "\n---\n")
}
