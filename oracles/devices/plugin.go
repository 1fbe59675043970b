package main

import (
	"context"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const resource = "oracle.example.com/clock"

type plugin struct {
	api.UnimplementedDevicePluginServer
	over <-chan struct{}
}

func runPlugin(ctx context.Context, folder string) error {
	listener, err := net.Listen("unix", folder+"/oracle.sock")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, plugin{over: ctx.Done()})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	connection, err := grpc.NewClient("unix://"+folder+"/kubelet.sock", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	request := &api.RegisterRequest{
		Version:      api.Version,
		Endpoint:     "oracle.sock",
		ResourceName: resource,
		Options:      &api.DevicePluginOptions{PreStartRequired: true, GetPreferredAllocationAvailable: true},
	}
	if _, err := api.NewRegistrationClient(connection).Register(ctx, request); err != nil {
		return err
	}
	request.Version = "v1alpha1"
	_, err = api.NewRegistrationClient(connection).Register(ctx, request)
	say("refused", err.Error())
	say("registered", resource)
	<-ctx.Done()
	return nil
}

func (plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{PreStartRequired: true, GetPreferredAllocationAvailable: true}, nil
}

func (p plugin) ListAndWatch(_ *api.Empty, stream api.DevicePlugin_ListAndWatchServer) error {
	devices := []*api.Device{
		{ID: "a", Health: api.Healthy, Topology: &api.TopologyInfo{Nodes: []*api.NUMANode{{ID: 0}}}},
		{ID: "b", Health: api.Healthy},
		{ID: "c", Health: api.Unhealthy},
	}
	if err := stream.Send(&api.ListAndWatchResponse{Devices: devices}); err != nil {
		return err
	}
	<-p.over
	return nil
}

func (plugin) GetPreferredAllocation(_ context.Context, request *api.PreferredAllocationRequest) (*api.PreferredAllocationResponse, error) {
	say("prefer", request.ContainerRequests[0].AvailableDeviceIDs)
	return &api.PreferredAllocationResponse{ContainerResponses: []*api.ContainerPreferredAllocationResponse{{DeviceIDs: []string{"b"}}}}, nil
}

func (plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	ids := request.ContainerRequests[0].DevicesIds
	say("allocate", ids)
	return &api.AllocateResponse{ContainerResponses: []*api.ContainerAllocateResponse{{
		Envs:       map[string]string{"CLOCKS": strings.Join(ids, ",")},
		CdiDevices: []*api.CDIDevice{{Name: resource + "=" + ids[0]}},
	}}}, nil
}

func (plugin) PreStartContainer(_ context.Context, request *api.PreStartContainerRequest) (*api.PreStartContainerResponse, error) {
	say("start", request.DevicesIds)
	return &api.PreStartContainerResponse{}, nil
}

// Every device is well until the end.
func watchHealth(ctx context.Context, reports chan<- kubeletplugin.DeviceHealthReport) error {
	var devices []kubeletplugin.DeviceHealth
	for _, name := range []string{"one", "two"} {
		devices = append(devices, kubeletplugin.DeviceHealth{
			PoolName: "here", DeviceName: name, Health: kubeletplugin.HealthStatusHealthy, LastUpdated: time.Now(),
		})
	}
	select {
	case reports <- kubeletplugin.DeviceHealthReport{Devices: devices}:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return nil
}
