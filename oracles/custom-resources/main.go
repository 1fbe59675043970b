// Answers one question a line about custom resources with the official libraries: {op, schema, value, old} or {op, definition, version} in, {value|unknown|errors|error} out.
package main

import (
	"context"
	"encoding/json"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apivalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/cel/common"
	"navarch.dev/oracles/answers"
)

type question struct {
	Op     string             `json:"op"`
	Schema v1.JSONSchemaProps `json:"schema"`
	Value  json.RawMessage    `json:"value"`
	Old    json.RawMessage    `json:"old"`
	// A whole definition, and one of its versions.
	Definition *v1.CustomResourceDefinition `json:"definition"`
	Version    string                       `json:"version"`
}

type answer struct {
	Value   any      `json:"value,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
	Errors  []string `json:"errors,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	answers.To(reply, func(err error) answer { return answer{Error: err.Error()} })
}

func reply(q question) answer {
	if q.Definition != nil {
		return define(q)
	}
	var internal apiextensions.JSONSchemaProps
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&q.Schema, &internal, nil); err != nil {
		return answer{Error: err.Error()}
	}
	s, err := structural.NewStructural(&internal)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var value any
	if err := kjson.Unmarshal(q.Value, &value); err != nil {
		return answer{Error: err.Error()}
	}
	switch q.Op {
	case "structural":
		return answer{Errors: answers.Texts(structural.ValidateStructural(field.NewPath("schema"), s))}
	case "prune":
		unknown := pruning.PruneWithOptions(value, s, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
		return answer{Value: value, Unknown: unknown}
	case "default":
		defaulting.Default(value, s)
		defaulting.PruneNonNullableNullsWithoutDefaults(value, s)
		return answer{Value: value}
	case "validate":
		validator, _, err := validation.NewSchemaValidator(&internal)
		if err != nil {
			return answer{Error: err.Error()}
		}
		errors := validation.ValidateCustomResource(nil, value, validator)
		if object, ok := value.(map[string]any); ok {
			errors = append(errors, listtype.ValidateListSetsAndMaps(nil, s, object)...)
		}
		return answer{Errors: answers.Texts(errors)}
	case "update":
		return update(&internal, s, value, q.Old)
	}
	return answer{Error: "unknown op"}
}

// What the strategy of custom resources does with an update, without metadata and rules.
func update(internal *apiextensions.JSONSchemaProps, s *structural.Structural, value any, sent json.RawMessage) answer {
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var old any
	if err := kjson.Unmarshal(sent, &old); err != nil {
		return answer{Error: err.Error()}
	}
	correlated := common.NewCorrelatedObject(value, old, &model.Structural{Structural: s})
	errors := validation.ValidateCustomResourceUpdate(nil, value, old, validator, validation.WithRatcheting(correlated))
	before, wasObject := old.(map[string]any)
	object, isObject := value.(map[string]any)
	if wasObject && isObject && len(listtype.ValidateListSetsAndMaps(nil, s, before)) == 0 {
		errors = append(errors, listtype.ValidateListSetsAndMaps(nil, s, object)...)
	}
	return answer{Errors: answers.Texts(errors)}
}

// What creating the definition would be answered, or what is published of one version.
func define(q question) (found answer) {
	// Of some definitions without a schema these libraries break.
	defer func() {
		if broken := recover(); broken != nil {
			found = answer{Error: "broken"}
		}
	}()
	v1.SetObjectDefaults_CustomResourceDefinition(q.Definition)
	if q.Op == "openapi" {
		spec, err := builder.BuildOpenAPIV3(q.Definition, q.Version, builder.Options{IncludeSelectableFields: true})
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Value: spec.Components.Schemas}
	}
	var internal apiextensions.CustomResourceDefinition
	if err := v1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(q.Definition, &internal, nil); err != nil {
		return answer{Error: err.Error()}
	}
	internal.Status = apiextensions.CustomResourceDefinitionStatus{}
	for _, version := range internal.Spec.Versions {
		if version.Storage {
			internal.Status.StoredVersions = []string{version.Name}
			break
		}
	}
	return answer{Errors: answers.Texts(apivalidation.ValidateCustomResourceDefinition(context.Background(), &internal))}
}
