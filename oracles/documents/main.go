// Command documents serves, from upstream's own API server library, what that library says of an API that its input
// describes: discovery and OpenAPI documents, with k8s.io/api's types behind every resource. Its first line is the
// API, each further line a request; each answer is a line.
package main

import (
	"bufio"
	"encoding/json"
	"net/http/httptest"
	"os"

	"k8s.io/kube-openapi/pkg/handler3"
)

type request struct {
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	// A document of OpenAPI v3 that is to be written in protobuf: no request then.
	Document []byte `json:"document"`
}

type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	var api []resource
	read(in, &api)
	handler := served(api)
	for {
		var asked request
		if !read(in, &asked) {
			return
		}
		if asked.Document != nil {
			body, err := handler3.ToV3ProtoBinary(asked.Document)
			if err != nil {
				panic(err)
			}
			if err := out.Encode(answer{Status: 200, Body: body}); err != nil {
				panic(err)
			}
			continue
		}
		recorder := httptest.NewRecorder()
		message := httptest.NewRequest("GET", asked.Path, nil)
		for name, value := range asked.Headers {
			message.Header.Set(name, value)
		}
		handler.ServeHTTP(recorder, message)
		given := answer{Status: recorder.Code, Headers: map[string]string{}, Body: recorder.Body.Bytes()}
		for name := range recorder.Header() {
			given.Headers[name] = recorder.Header().Get(name)
		}
		if err := out.Encode(given); err != nil {
			panic(err)
		}
	}
}

// read takes a line in; false at the end.
func read(in *bufio.Reader, into any) bool {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return false
	}
	if err := json.Unmarshal(line, into); err != nil {
		panic(err)
	}
	return true
}
