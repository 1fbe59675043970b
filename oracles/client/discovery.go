package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/restmapper"
)

func discoveries(w *world) error {
	client := w.typed.Discovery()
	version, err := client.ServerVersion()
	if err != nil {
		return err
	}
	if err := check(version.Major == "1" && version.GitVersion != "", "version %+v", version); err != nil {
		return err
	}
	groups, err := restmapper.GetAPIGroupResources(client)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for _, kind := range []schema.GroupKind{{Kind: "Pod"}, {Group: "apps", Kind: "Deployment"}, {Group: "rbac.authorization.k8s.io", Kind: "Role"}} {
		if _, err := mapper.RESTMapping(kind); err != nil {
			return err
		}
	}
	_, aggregated, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	// What an older client asks for must say the same.
	legacy := discovery.NewDiscoveryClientForConfigOrDie(w.config)
	legacy.UseLegacyDiscovery = true
	_, lists, err := legacy.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if count(aggregated) != count(lists) {
		return fmt.Errorf("aggregated discovery has %d resources, the lists have %d", count(aggregated), count(lists))
	}
	if err := openAPI(client); err != nil {
		return err
	}
	document, err := client.OpenAPISchema()
	if err != nil {
		return fmt.Errorf("OpenAPI v2: %w", err)
	}
	return check(len(document.GetDefinitions().GetAdditionalProperties()) > 300, "OpenAPI v2 has %d definitions", len(document.GetDefinitions().GetAdditionalProperties()))
}

func count(lists []*metav1.APIResourceList) int {
	resources := 0
	for _, list := range lists {
		for _, resource := range list.APIResources {
			if resource.Name != "" {
				resources++
			}
		}
	}
	return resources
}

func openAPI(client discovery.DiscoveryInterface) error {
	root := openapi3.NewRoot(client.OpenAPIV3())
	versions, err := root.GroupVersions()
	if err != nil {
		return err
	}
	for _, version := range versions {
		if _, err := root.GVSpec(version); err != nil {
			return fmt.Errorf("OpenAPI v3 of %v: %w", version, err)
		}
	}
	return nil
}
