// Command streams exercises exec, attach and port-forward of a running cluster through the official client library, over
// both of its transports, and says what differs from what must be.
//
//	streams -kubeconfig FILE -namespace N -pod P -container C [-port 80] [-megabytes 100] [-only TEXT]
//
// The container has a shell, cat and stty; something answers HTTP on the port. The exit code counts the failures.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
)

type target struct {
	config                    *rest.Config
	client                    kubernetes.Interface
	namespace, pod, container string
	port                      int
	megabytes                 int64
}

type transport struct {
	name     string
	executor func(t *target, what string, options any) (remotecommand.Executor, error)
	dialer   func(t *target) (httpstream.Dialer, error)
}

func (t *target) url(what string, options any) *rest.Request {
	request := t.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.namespace).Name(t.pod).SubResource(what)
	switch o := options.(type) {
	case *corev1.PodExecOptions:
		request = request.VersionedParams(o, scheme.ParameterCodec)
	case *corev1.PodAttachOptions:
		request = request.VersionedParams(o, scheme.ParameterCodec)
	}
	return request
}

var transports = []transport{
	{
		name: "websocket",
		executor: func(t *target, what string, options any) (remotecommand.Executor, error) {
			return remotecommand.NewWebSocketExecutor(t.config, "GET", t.url(what, options).URL().String())
		},
		dialer: func(t *target) (httpstream.Dialer, error) {
			return portforward.NewSPDYOverWebsocketDialer(t.url("portforward", nil).URL(), t.config)
		},
	},
	{
		name: "spdy",
		executor: func(t *target, what string, options any) (remotecommand.Executor, error) {
			return remotecommand.NewSPDYExecutor(t.config, "POST", t.url(what, options).URL())
		},
		dialer: func(t *target) (httpstream.Dialer, error) {
			roundTripper, upgrader, err := spdy.RoundTripperFor(t.config)
			if err != nil {
				return nil, err
			}
			return spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, "POST", t.url("portforward", nil).URL()), nil
		},
	},
}

type check struct {
	name string
	run  func(t *target, tr transport) error
}

var checks = []check{
	{"outputs and exit code 0", outputs},
	{"exit code 7", exitCode},
	{"stdin ends", stdinEnds},
	{"input that nobody reads", unreadInput},
	{"megabytes through cat", megabytes},
	{"terminal and its size", terminal},
	{"cancelled", cancelled},
	{"no such container", noContainer},
	{"twenty at a time", concurrent},
	{"port-forward, many connections", forwardMany},
	{"port-forward to a port where nothing listens", forwardRefused},
}

func main() {
	t := &target{}
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "how to reach the cluster")
	flag.StringVar(&t.namespace, "namespace", "default", "")
	flag.StringVar(&t.pod, "pod", "", "")
	flag.StringVar(&t.container, "container", "", "")
	flag.IntVar(&t.port, "port", 80, "")
	flag.Int64Var(&t.megabytes, "megabytes", 100, "")
	only := flag.String("only", "", "run what has this in its name, `websocket exit` and the like")
	flag.Parse()
	var err error
	if t.config, err = clientcmd.BuildConfigFromFlags("", *kubeconfig); err == nil {
		t.client, err = kubernetes.NewForConfig(t.config)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed := 0
	for _, tr := range transports {
		for _, c := range checks {
			if !strings.Contains(tr.name+" "+c.name, *only) {
				continue
			}
			started := time.Now()
			err := c.run(t, tr)
			verdict := "ok"
			if err != nil {
				verdict = "FAILED: " + err.Error()
				failed++
			}
			fmt.Printf("%-9s %-45s %6.2fs %s\n", tr.name, c.name, time.Since(started).Seconds(), verdict)
		}
	}
	os.Exit(failed)
}

type result struct {
	out, err string
	failure  error
}

func (t *target) exec(ctx context.Context, tr transport, stdin io.Reader, command ...string) result {
	var out, errOut bytes.Buffer
	options := &corev1.PodExecOptions{Container: t.container, Command: command, Stdin: stdin != nil, Stdout: true, Stderr: true}
	executor, err := tr.executor(t, "exec", options)
	if err == nil {
		err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: stdin, Stdout: &out, Stderr: &errOut})
	}
	return result{out.String(), errOut.String(), err}
}

func want(what string, got, wanted any) error {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		return fmt.Errorf("%s is %q, not %q", what, fmt.Sprint(got), fmt.Sprint(wanted))
	}
	return nil
}

func outputs(t *target, tr transport) error {
	r := t.exec(context.Background(), tr, nil, "sh", "-c", "echo out; echo err >&2")
	return errors.Join(r.failure, want("stdout", r.out, "out\n"), want("stderr", r.err, "err\n"))
}

func exitCode(t *target, tr transport) error {
	r := t.exec(context.Background(), tr, nil, "sh", "-c", "echo last; exit 7")
	var exit exec.CodeExitError
	if !errors.As(r.failure, &exit) {
		return fmt.Errorf("the error is %T %v", r.failure, r.failure)
	}
	return errors.Join(want("code", exit.Code, 7), want("stdout", r.out, "last\n"))
}

func stdinEnds(t *target, tr transport) error {
	r := t.exec(context.Background(), tr, strings.NewReader("hi\n"), "sh", "-c", "cat; echo end")
	return errors.Join(r.failure, want("stdout", r.out, "hi\nend\n"))
}

// No more than a pipe holds: containerd 1.6 waits for ever for a command to read its input, even when it has ended.
func unreadInput(t *target, tr transport) error {
	r := t.exec(context.Background(), tr, bytes.NewReader(make([]byte, 32<<10)), "sh", "-c", "echo done")
	return errors.Join(r.failure, want("stdout", r.out, "done\n"))
}

func megabytes(t *target, tr transport) error {
	size := t.megabytes << 20
	sent, got := sha256.New(), sha256.New()
	input := io.TeeReader(io.LimitReader(rand.New(rand.NewSource(1)), size), sent)
	options := &corev1.PodExecOptions{Container: t.container, Command: []string{"cat"}, Stdin: true, Stdout: true}
	executor, err := tr.executor(t, "exec", options)
	if err == nil {
		err = executor.StreamWithContext(context.Background(), remotecommand.StreamOptions{Stdin: input, Stdout: got})
	}
	return errors.Join(err, want("checksum", fmt.Sprintf("%x", got.Sum(nil)), fmt.Sprintf("%x", sent.Sum(nil))))
}

type sizes struct {
	next chan remotecommand.TerminalSize
}

func (s sizes) Next() *remotecommand.TerminalSize {
	size, ok := <-s.next
	if !ok {
		return nil
	}
	return &size
}

func terminal(t *target, tr transport) error {
	queue := sizes{make(chan remotecommand.TerminalSize, 2)}
	defer close(queue.next)
	queue.next <- remotecommand.TerminalSize{Width: 101, Height: 37}
	var out bytes.Buffer
	options := &corev1.PodExecOptions{Container: t.container, Command: []string{"sh", "-c", "test -t 0 && sleep 1 && stty size"}, Stdin: true, Stdout: true, TTY: true}
	executor, err := tr.executor(t, "exec", options)
	if err == nil {
		input, _ := io.Pipe()
		err = executor.StreamWithContext(context.Background(), remotecommand.StreamOptions{Stdin: input, Stdout: &out, Tty: true, TerminalSizeQueue: queue})
	}
	return errors.Join(err, want("size", strings.TrimSpace(out.String()), "37 101"))
}

func cancelled(t *target, tr transport) error {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	started := time.Now()
	r := t.exec(ctx, tr, nil, "sleep", "30")
	if r.failure == nil || time.Since(started) > 5*time.Second {
		return fmt.Errorf("ended after %v with %v", time.Since(started), r.failure)
	}
	return nil
}

func noContainer(t *target, tr transport) error {
	other := *t
	other.container = "absent"
	r := other.exec(context.Background(), tr, nil, "true")
	if r.failure == nil || !strings.Contains(r.failure.Error(), "container absent is not valid for pod "+t.pod) && tr.name == "spdy" {
		return fmt.Errorf("the error is %v", r.failure)
	}
	return nil
}

func concurrent(t *target, tr transport) error {
	failures := make([]error, 20)
	var group sync.WaitGroup
	for i := range failures {
		group.Go(func() {
			text := fmt.Sprintf("%d\n", i)
			r := t.exec(context.Background(), tr, strings.NewReader(text), "cat")
			failures[i] = errors.Join(r.failure, want("stdout", r.out, text))
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

type forwarding struct {
	port   uint16
	stop   chan struct{}
	errors *lockedBuffer
	ended  chan error
}

type lockedBuffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(p)
}

func (t *target) forward(tr transport, port int) (*forwarding, error) {
	dialer, err := tr.dialer(t)
	if err != nil {
		return nil, err
	}
	f := &forwarding{stop: make(chan struct{}), errors: &lockedBuffer{}, ended: make(chan error, 1)}
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, f.stop, ready, io.Discard, f.errors)
	if err != nil {
		return nil, err
	}
	go func() { f.ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-f.ended:
		return nil, err
	}
	ports, err := forwarder.GetPorts()
	if err == nil {
		f.port = ports[0].Local
	}
	return f, err
}

func page(port uint16) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %d", response.StatusCode, len(body)), err
}

func forwardMany(t *target, tr transport) error {
	f, err := t.forward(tr, t.port)
	if err != nil {
		return err
	}
	defer close(f.stop)
	first, err := page(f.port)
	failures := make([]error, 200)
	var group sync.WaitGroup
	turns := make(chan struct{}, 32)
	for i := range failures {
		group.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			text, err := page(f.port)
			failures[i] = errors.Join(err, want("page", text, first))
		})
	}
	group.Wait()
	return errors.Join(append(failures, err)...)
}

func forwardRefused(t *target, tr transport) error {
	f, err := t.forward(tr, 9)
	if err != nil {
		return err
	}
	defer close(f.stop)
	if text, err := page(f.port); err == nil {
		return fmt.Errorf("a port where nothing listens answered %s", text)
	}
	select {
	case err := <-f.ended:
		// Upstream's forwarder gives up after an error of the pod's network; other versions go on.
		if err != nil && !strings.Contains(err.Error(), "lost connection to pod") {
			return err
		}
	case <-time.After(300 * time.Millisecond):
	}
	return nil
}
