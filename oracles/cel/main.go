// Answers one question a line about expressions with the official libraries: {op: "evaluate", source, variables, values}
// or {op: "definition", definition} or {op: "rules", schema, value, old} in, {issues|value|error|cost} out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apivalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
	"navarch.dev/oracles/answers"
)

type question struct {
	Op         string                       `json:"op"`
	Source     string                       `json:"source"`
	Variables  map[string]string            `json:"variables"`
	Values     json.RawMessage              `json:"values"`
	Definition *v1.CustomResourceDefinition `json:"definition"`
	Schema     v1.JSONSchemaProps           `json:"schema"`
	Value      json.RawMessage              `json:"value"`
	Old        json.RawMessage              `json:"old"`
	Policy     *policy                      `json:"policy"`
}

type answer struct {
	Issues string   `json:"issues,omitempty"`
	Type   string   `json:"type,omitempty"`
	Value  any      `json:"value,omitempty"`
	Error  string   `json:"error,omitempty"`
	Cost   *uint64  `json:"cost,omitempty"`
	Errors []string `json:"errors,omitempty"`
}

var base = environment.MustBaseEnvSet(version.MajorMinor(1, 37))

func main() {
	answers.To(reply, func(err error) answer { return answer{Error: err.Error()} })
}

func reply(q question) (found answer) {
	defer func() {
		if broken := recover(); broken != nil {
			found = answer{Error: fmt.Sprint("broken: ", broken)}
		}
	}()
	switch q.Op {
	case "evaluate":
		return evaluate(q)
	case "definition":
		return define(q)
	case "rules":
		return rules(q)
	case "policy":
		return compiledPolicy(q)
	}
	return answer{Error: "unknown op"}
}

func evaluate(q question) answer {
	options := []cel.EnvOption{library.JSONPatch()}
	for name, text := range q.Variables {
		options = append(options, cel.Variable(name, typeOf(text)))
	}
	env, err := base.NewExpressionsEnv().Extend(options...)
	if err != nil {
		return answer{Error: err.Error()}
	}
	ast, issues := env.Compile(q.Source)
	if issues != nil && issues.Err() != nil {
		return answer{Issues: issues.String()}
	}
	found := answer{Type: cel.FormatCELType(ast.OutputType())}
	program, err := env.Program(ast, cel.CostTracking(&library.CostEstimator{}), cel.CostLimit(celconfig.PerCallLimit))
	if err != nil {
		found.Error = err.Error()
		return found
	}
	var values map[string]any
	if err := kjson.Unmarshal(q.Values, &values); err != nil {
		found.Error = err.Error()
		return found
	}
	value, details, err := program.Eval(values)
	if details != nil {
		found.Cost = details.ActualCost()
	}
	if err != nil {
		found.Error = err.Error()
		return found
	}
	found.Value = plain(value)
	return found
}

// What the expressions of a policy may use, and what one of them must come to.
type policy struct {
	HasParams     bool       `json:"hasParams"`
	HasAuthorizer bool       `json:"hasAuthorizer"`
	IsMutating    bool       `json:"isMutating"`
	Wanted        []string   `json:"wanted"`
	Variables     []variable `json:"variables"`
}

type variable struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

func (v *variable) GetExpression() string    { return v.Expression }
func (v *variable) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType, cel.DynType} }
func (v *variable) GetName() string          { return v.Name }

type wanting struct {
	source string
	types  []*cel.Type
}

func (w *wanting) GetExpression() string    { return w.source }
func (w *wanting) ReturnTypes() []*cel.Type { return w.types }

var returned = map[string]*cel.Type{
	"bool": cel.BoolType, "string": cel.StringType, "null_type": cel.NullType, "Object": cel.ObjectType("Object"), "list(JSONPatch)": cel.ListType(cel.ObjectType("JSONPatch")),
}

// What is wrong with an expression of a policy.
func compiledPolicy(q question) answer {
	compiler, err := plugincel.NewCompositedCompiler(base)
	if err != nil {
		return answer{Error: err.Error()}
	}
	declared := plugincel.OptionalVariableDeclarations{HasParams: q.Policy.HasParams, HasAuthorizer: q.Policy.HasAuthorizer, HasPatchTypes: q.Policy.IsMutating}
	for i := range q.Policy.Variables {
		compiler.CompileAndStoreVariable(&q.Policy.Variables[i], declared, environment.NewExpressions)
	}
	types := []*cel.Type{}
	for _, name := range q.Policy.Wanted {
		types = append(types, returned[name])
	}
	if len(types) == 0 {
		types = []*cel.Type{cel.AnyType, cel.DynType}
	}
	result := compiler.CompileCELExpression(&wanting{q.Source, types}, declared, environment.NewExpressions)
	if result.Error != nil {
		return answer{Issues: result.Error.Detail}
	}
	return answer{}
}

// Types as "list(int)", "map(string, dyn)".
func typeOf(text string) *cel.Type {
	name, rest, _ := strings.Cut(text, "(")
	inner := strings.TrimSuffix(rest, ")")
	switch name {
	case "list":
		return cel.ListType(typeOf(inner))
	case "optional":
		return cel.OptionalType(typeOf(inner))
	case "map":
		key, value, _ := strings.Cut(inner, ", ")
		return cel.MapType(typeOf(key), typeOf(value))
	}
	return map[string]*cel.Type{
		"dyn": cel.DynType, "int": cel.IntType, "uint": cel.UintType, "double": cel.DoubleType, "string": cel.StringType,
		"bool": cel.BoolType, "bytes": cel.BytesType, "timestamp": cel.TimestampType, "duration": cel.DurationType, "null": cel.NullType,
	}[name]
}

// A value with its type, as text.
func plain(value ref.Val) any {
	switch v := value.(type) {
	case types.Int:
		return map[string]any{"int": strconv.FormatInt(int64(v), 10)}
	case types.Uint:
		return map[string]any{"uint": strconv.FormatUint(uint64(v), 10)}
	case types.Double:
		return map[string]any{"double": strconv.FormatFloat(float64(v), 'g', -1, 64)}
	case types.String:
		return map[string]any{"string": string(v)}
	case types.Bool:
		return map[string]any{"bool": bool(v)}
	case types.Bytes:
		return map[string]any{"bytes": fmt.Sprintf("%x", []byte(v))}
	case types.Null:
		return map[string]any{"null": true}
	case types.Timestamp, types.Duration:
		return map[string]any{value.Type().TypeName(): value.ConvertToType(types.StringType).Value()}
	case *types.Optional:
		if !v.HasValue() {
			return map[string]any{"optional": nil}
		}
		return map[string]any{"optional": plain(v.GetValue())}
	case *types.Type:
		return map[string]any{"type": v.TypeName()}
	case traits.Lister:
		items := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			items = append(items, plain(it.Next()))
		}
		return map[string]any{"list": items}
	case traits.Mapper:
		entries := []string{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			entry, _ := json.Marshal([]any{plain(key), plain(v.Get(key))})
			entries = append(entries, string(entry))
		}
		sort.Strings(entries)
		return map[string]any{"map": entries}
	case apiservercel.Quantity:
		return map[string]any{"quantity": v.String()}
	case *apiservercel.Quantity:
		return map[string]any{"quantity": v.String()}
	}
	return map[string]any{value.Type().TypeName(): fmt.Sprint(value.Value())}
}

// What creating the definition would be answered.
func define(q question) answer {
	v1.SetObjectDefaults_CustomResourceDefinition(q.Definition)
	var internal apiextensions.CustomResourceDefinition
	if err := v1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(q.Definition, &internal, nil); err != nil {
		return answer{Error: err.Error()}
	}
	internal.Status = apiextensions.CustomResourceDefinitionStatus{StoredVersions: []string{internal.Spec.Versions[0].Name}}
	return answer{Errors: answers.Texts(apivalidation.ValidateCustomResourceDefinition(context.Background(), &internal))}
}

// What the rules of a schema say of a value.
func rules(q question) answer {
	var internal apiextensions.JSONSchemaProps
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&q.Schema, &internal, nil); err != nil {
		return answer{Error: err.Error()}
	}
	schema, err := structural.NewStructural(&internal)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var value, old any
	if err := kjson.Unmarshal(q.Value, &value); err != nil {
		return answer{Error: err.Error()}
	}
	if q.Old != nil {
		if err := kjson.Unmarshal(q.Old, &old); err != nil {
			return answer{Error: err.Error()}
		}
	}
	validator := schemacel.NewValidator(schema, true, celconfig.PerCallLimit)
	options := []schemacel.Option{}
	if old != nil {
		options = append(options, schemacel.WithRatcheting(common.NewCorrelatedObject(value, old, &model.Structural{Structural: schema})))
	}
	errors, _ := validator.Validate(context.Background(), nil, schema, value, old, celconfig.RuntimeCELCostBudget, options...)
	return answer{Errors: answers.Texts(errors)}
}
