// Devices, claims and questions about them by the official modules: a device plugin and a DRA driver that register with a
// kubelet as any other, and an agent that asks the kubelet who has what.
//
//	devices plugin FOLDER              device-plugins of the kubelet
//	devices driver ROOT URL TOKEN NODE
//	devices agent SOCKET
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	"k8s.io/dynamic-resource-allocation/resourceslice"
	podresources "k8s.io/kubelet/pkg/apis/podresources/v1"
)

func main() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		// Whoever started us is gone, or has heard enough.
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		}
		stop()
	}()
	var err error
	switch args := os.Args[1:]; args[0] {
	case "plugin":
		err = runPlugin(ctx, args[1])
	case "driver":
		err = runDriver(ctx, args[1], args[2], args[3], args[4])
	case "agent":
		err = ask(ctx, args[1])
	}
	if err != nil {
		say("error", err.Error())
		os.Exit(1)
	}
}

func say(what string, details any) {
	text, _ := json.Marshal(map[string]any{"what": what, "details": details})
	fmt.Println(string(text))
}

type driver struct{}

const driverName = "oracle.example.com"

func runDriver(ctx context.Context, root, url, token, node string) error {
	config := &rest.Config{Host: url, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	folder := root + "/plugins/" + driverName
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	helper, err := kubeletplugin.Start(ctx, driver{},
		kubeletplugin.KubeClient(client),
		kubeletplugin.NodeName(node),
		kubeletplugin.DriverName(driverName),
		kubeletplugin.RegistrarDirectoryPath(root+"/plugins_registry"),
		kubeletplugin.PluginDataDirectoryPath(folder),
	)
	if err != nil {
		return err
	}
	defer helper.Stop()
	devices := []resourceapi.Device{{Name: "one"}, {Name: "two"}}
	pools := map[string]resourceslice.Pool{node: {Slices: []resourceslice.Slice{{Devices: devices}}}}
	if err := helper.PublishResources(ctx, resourceslice.DriverResources{Pools: pools}); err != nil {
		return err
	}
	for helper.RegistrationStatus() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
	say("registered", helper.RegistrationStatus())
	<-ctx.Done()
	return nil
}

func (driver) PrepareResourceClaims(_ context.Context, claims []*resourceapi.ResourceClaim) (map[types.UID]kubeletplugin.PrepareResult, error) {
	results := map[types.UID]kubeletplugin.PrepareResult{}
	for _, claim := range claims {
		var devices []kubeletplugin.Device
		for _, result := range claim.Status.Allocation.Devices.Results {
			devices = append(devices, kubeletplugin.Device{
				Requests:     []string{result.Request},
				PoolName:     result.Pool,
				DeviceName:   result.Device,
				CDIDeviceIDs: []string{driverName + "/device=" + result.Device},
			})
		}
		say("prepare", claim.Name)
		results[claim.UID] = kubeletplugin.PrepareResult{Devices: devices}
	}
	return results, nil
}

func (driver) UnprepareResourceClaims(_ context.Context, claims []kubeletplugin.NamespacedObject) (map[types.UID]error, error) {
	results := map[types.UID]error{}
	for _, claim := range claims {
		say("unprepare", claim.Name)
		results[claim.UID] = nil
	}
	return results, nil
}

func (driver) HandleError(_ context.Context, err error, message string) {
	say("trouble", message+": "+err.Error())
}

func (driver) WatchHealthStatus(ctx context.Context, reports chan<- kubeletplugin.DeviceHealthReport) error {
	return watchHealth(ctx, reports)
}

func ask(ctx context.Context, socket string) error {
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	lister := podresources.NewPodResourcesListerClient(connection)
	list, err := lister.List(ctx, &podresources.ListPodResourcesRequest{})
	if err != nil {
		return err
	}
	say("list", list.PodResources)
	allocatable, err := lister.GetAllocatableResources(ctx, &podresources.AllocatableResourcesRequest{})
	if err != nil {
		return err
	}
	say("allocatable", allocatable.Devices)
	_, err = lister.Get(ctx, &podresources.GetPodResourcesRequest{PodName: "nobody", PodNamespace: "default"})
	say("get", fmt.Sprint(err))
	return nil
}
