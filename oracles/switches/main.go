// Answers one question a line about what of an API server is on, with the official libraries: {op: "known"} for the names
// of features; {op: "feature", name}; {op: "gates", text}; {op: "versions", text, offered} in, {...|error} out.
package main

import (
	"io"
	"slices"
	"strings"

	apiextensionsfeatures "k8s.io/apiextensions-apiserver/pkg/features"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiserverfeatures "k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/server/resourceconfig"
	"k8s.io/apiserver/pkg/server/storage"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/featuregate"
	"k8s.io/klog/v2"
	"navarch.dev/oracles/answers"
)

// Importing them is what makes their features known.
var _ = []featuregate.Feature{apiextensionsfeatures.CRDValidationRatcheting, apiserverfeatures.WatchList}

type resource struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Plural  string `json:"plural"`
}

type question struct {
	Op      string     `json:"op"`
	Name    string     `json:"name"`
	Text    string     `json:"text"`
	Offered []resource `json:"offered"`
}

type answer struct {
	Names  []string `json:"names,omitempty"`
	Stage  *string  `json:"stage,omitempty"`
	IsOn   bool     `json:"isOn"`
	Locked bool     `json:"isLocked"`
	On     []string `json:"on,omitempty"`
	Error  string   `json:"error,omitempty"`
}

func main() {
	// What it warns of is not asked for.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	answers.To(reply, func(err error) answer { return answer{Error: err.Error()} })
}

func reply(q question) answer {
	switch q.Op {
	case "known":
		return answer{Names: sorted(utilfeature.DefaultMutableFeatureGate.GetAll())}
	case "feature":
		spec, known := utilfeature.DefaultMutableFeatureGate.GetAll()[featuregate.Feature(q.Name)]
		if !known {
			return answer{}
		}
		stage := string(spec.PreRelease)
		return answer{Stage: &stage, IsOn: spec.Default, Locked: spec.LockToDefault}
	case "gates":
		gates := utilfeature.DefaultMutableFeatureGate.DeepCopy()
		if err := gates.Set(q.Text); err != nil {
			return answer{Error: err.Error()}
		}
		var on []string
		for _, name := range sorted(gates.GetAll()) {
			if gates.Enabled(featuregate.Feature(name)) {
				on = append(on, name)
			}
		}
		return answer{On: on}
	default:
		return versions(q)
	}
}

func sorted(all map[featuregate.Feature]featuregate.FeatureSpec) []string {
	var names []string
	for name := range all {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

// What a scheme would know, of the resources that are offered.
type registry []resource

func (r registry) IsGroupRegistered(group string) bool {
	return slices.ContainsFunc(r, func(one resource) bool { return one.Group == group })
}

func (r registry) IsVersionRegistered(v schema.GroupVersion) bool {
	return slices.Contains(r.PrioritizedVersionsAllGroups(), v)
}

func (r registry) PrioritizedVersionsAllGroups() []schema.GroupVersion {
	var found []schema.GroupVersion
	for _, one := range r {
		found = append(found, schema.GroupVersion{Group: one.Group, Version: one.Version})
	}
	return found
}

func (r registry) PrioritizedVersionsForGroup(group string) []schema.GroupVersion {
	return slices.DeleteFunc(r.PrioritizedVersionsAllGroups(), func(v schema.GroupVersion) bool { return v.Group != group })
}

func versions(q question) answer {
	asked := cliflag.ConfigurationMap{}
	if err := asked.Set(q.Text); err != nil {
		return answer{Error: err.Error()}
	}
	known := registry(q.Offered)
	flags := options.APIEnablementOptions{RuntimeConfig: asked}
	if errs := flags.Validate(known); len(errs) > 0 {
		return answer{Error: errs[0].Error()}
	}
	config := storage.NewResourceConfig()
	for _, version := range known.PrioritizedVersionsAllGroups() {
		if strings.Contains(version.Version, "alpha") || strings.Contains(version.Version, "beta") {
			config.DisableVersions(version)
		} else {
			config.EnableVersions(version)
		}
	}
	merged, err := resourceconfig.MergeAPIResourceConfigs(config, asked, known)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var on []string
	for _, one := range known {
		if merged.ResourceEnabled(schema.GroupVersionResource{Group: one.Group, Version: one.Version, Resource: one.Plural}) {
			on = append(on, one.Group+"/"+one.Version+"/"+one.Plural)
		}
	}
	return answer{On: on}
}
