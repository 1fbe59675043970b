package main

import (
	"bytes"

	admission "k8s.io/api/admission/v1"
	apidiscovery "k8s.io/api/apidiscovery/v2"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

func init() {
	must(admission.AddToScheme(scheme.Scheme))
	must(apidiscovery.AddToScheme(scheme.Scheme))
	must(apiextensions.AddToScheme(scheme.Scheme))
	must(apiregistration.AddToScheme(scheme.Scheme))
	handlers["toProtobuf"] = toProtobuf
	handlers["fromProtobuf"] = fromProtobuf
	handlers["watchFrame"] = watchFrame
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

var jsonSerializer = json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{})
var protobufSerializer = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// The bytes of an object that is given as JSON.
func toProtobuf(r request) (any, error) {
	object, _, err := jsonSerializer.Decode(r.Target, nil, nil)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = protobufSerializer.Encode(object, &out)
	return out.Bytes(), err
}

// The JSON of an object that is given as bytes in protobuf.
func fromProtobuf(r request) (any, error) {
	object, _, err := protobufSerializer.Decode(r.Bytes, nil, nil)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jsonSerializer.Encode(object, &out); err != nil {
		return nil, err
	}
	return rawMessage(out.Bytes()), nil
}

// One frame of a watch, without its length.
func watchFrame(r request) (any, error) {
	object, _, err := jsonSerializer.Decode(r.Target, nil, nil)
	if err != nil {
		return nil, err
	}
	var inner, out bytes.Buffer
	if err := protobufSerializer.Encode(object, &inner); err != nil {
		return nil, err
	}
	event := &metav1.WatchEvent{Type: r.Text, Object: runtime.RawExtension{Raw: inner.Bytes()}}
	err = protobuf.NewRawSerializer(scheme.Scheme, scheme.Scheme).Encode(event, &out)
	return out.Bytes(), err
}
