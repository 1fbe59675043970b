// Answers, one JSON line each, what the official Go libraries make of a request: the oracle of differential tests.
package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	cbor "k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"k8s.io/apimachinery/pkg/util/diff"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/util/jsonpath"
	"navarch.dev/oracles/answers"
	"sigs.k8s.io/yaml"
)

type request struct {
	Op     string            `json:"op"`
	Text   string            `json:"text"`
	Labels map[string]string `json:"labels"`
	Type   string            `json:"type"`
	Target json.RawMessage   `json:"target"`
	Patch  json.RawMessage   `json:"patch"`
	Steps  []step            `json:"steps"`
	Bytes  []byte            `json:"bytes"`
	Millis int64             `json:"millis"`
	Count  int               `json:"count"`
}

func rawMessage(bytes []byte) any { return json.RawMessage(bytes) }

var handlers = map[string]func(request) (any, error){
	"quantity": func(r request) (any, error) {
		q, err := resource.ParseQuantity(strings.TrimSpace(r.Text)) // As the reader of JSON does.
		if err != nil {
			return nil, err
		}
		return []any{q.String(), fmt.Sprint(q.Value()), fmt.Sprint(q.MilliValue())}, nil
	},
	"selector": func(r request) (any, error) {
		s, err := labels.Parse(r.Text)
		if err != nil {
			return nil, err
		}
		return []any{s.String(), s.Matches(labels.Set(r.Labels))}, nil
	},
	"fieldSelector": func(r request) (any, error) {
		s, err := fields.ParseSelector(r.Text)
		if err != nil {
			return nil, err
		}
		out := []any{}
		for _, q := range s.Requirements() {
			out = append(out, []any{q.Field, string(q.Operator), q.Value})
		}
		return out, nil
	},
	"duration": func(r request) (any, error) {
		d, err := time.ParseDuration(r.Text)
		if err != nil {
			return nil, err
		}
		return d.String(), nil
	},
	"names": func(r request) (any, error) {
		return map[string]any{
			"label": some(validation.IsDNS1123Label(r.Text)), "subdomain": some(validation.IsDNS1123Subdomain(r.Text)),
			"label1035": some(validation.IsDNS1035Label(r.Text)), "qualified": some(validation.IsQualifiedName(r.Text)),
			"value": some(validation.IsValidLabelValue(r.Text)), "port": some(validation.IsValidPortName(r.Text)),
			"env":    some(validation.IsEnvVarName(r.Text)),
			"config": some(validation.IsConfigMapKey(r.Text)), "c": some(validation.IsCIdentifier(r.Text)),
			"wildcard": some(validation.IsWildcardDNS1123Subdomain(r.Text)), "percent": some(validation.IsValidPercent(r.Text)),
			"header": some(validation.IsHTTPHeaderName(r.Text)),
		}, nil
	},
	"strategic": func(r request) (any, error) {
		var data any = corev1.Pod{}
		switch r.Type {
		case "Deployment":
			data = appsv1.Deployment{}
		case "Service":
			data = corev1.Service{}
		}
		out, err := strategicpatch.StrategicMergePatch(r.Target, r.Patch, data)
		if err != nil {
			return nil, err
		}
		return json.RawMessage(out), nil
	},
	"mergePatch": func(r request) (any, error) {
		out, err := jsonpatch.MergePatch(r.Target, r.Patch)
		if err != nil {
			return nil, err
		}
		return json.RawMessage(out), nil
	},
	"difference": func(r request) (any, error) {
		var before, after any
		if err := json.Unmarshal(r.Target, &before); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(r.Patch, &after); err != nil {
			return nil, err
		}
		return diff.Diff(before, after), nil
	},
	"fromYaml": func(r request) (any, error) {
		out, err := yaml.YAMLToJSON([]byte(r.Text))
		if err != nil {
			return nil, err
		}
		return json.RawMessage(out), nil
	},
	"toYaml": func(r request) (any, error) {
		out, err := yaml.JSONToYAML(r.Target)
		return string(out), err
	},
	"yamlStrict": func(r request) (any, error) {
		if _, err := yaml.YAMLToJSON([]byte(r.Text)); err != nil {
			return nil, err
		}
		if _, err := yaml.YAMLToJSONStrict([]byte(r.Text)); err != nil {
			return err.Error(), nil
		}
		return "", nil
	},
	"toCbor": func(r request) (any, error) {
		var value any
		if err := utiljson.Unmarshal(r.Target, &value); err != nil {
			return nil, err
		}
		return cbor.Marshal(value)
	},
	"fromCbor": func(r request) (any, error) {
		var value any
		if err := cbor.Unmarshal(r.Bytes, &value); err != nil {
			return nil, err
		}
		return value, nil
	},
	"jsonPath": func(r request) (any, error) {
		path := jsonpath.New("oracle").AllowMissingKeys(true)
		if err := path.Parse(r.Text); err != nil {
			return nil, err
		}
		var value any
		if err := utiljson.Unmarshal(r.Target, &value); err != nil {
			return nil, err
		}
		found, err := path.FindResults(value)
		if err != nil || len(found) == 0 {
			return []any{}, nil
		}
		values := []any{}
		for _, one := range found[0] {
			values = append(values, one.Interface())
		}
		return values, nil
	},
	"jsonPatch": func(r request) (any, error) {
		p, err := jsonpatch.DecodePatch(r.Patch)
		if err != nil {
			return nil, fmt.Errorf("decode: %w", err)
		}
		out, err := p.Apply(r.Target)
		if err != nil {
			return nil, err
		}
		return json.RawMessage(out), nil
	},
}

func some(errs []string) []string {
	if errs == nil {
		return []string{}
	}
	return errs
}

// answer takes a panic for an error: a server that recovers tells its client no more.
func answer(r request) (value any, err error) {
	defer func() {
		if found := recover(); found != nil {
			value, err = nil, fmt.Errorf("panic: %v", found)
		}
	}()
	return handlers[r.Op](r)
}

func main() {
	answers.To(func(r request) map[string]any {
		value, err := answer(r)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		return map[string]any{"value": value}
	}, func(err error) map[string]any { panic(err) })
}
