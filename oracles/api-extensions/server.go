// Stands in the module's copy for the file that starts upstream's own server: its tests run on the executables of
// `navarch envtest`, a pair for each test, with nothing stored.
package fixtures

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	serveroptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	servertesting "k8s.io/apiextensions-apiserver/pkg/cmd/server/testing"
	"k8s.io/apiserver/pkg/features"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// NoStore is why tests are left out that look into etcd or write there behind the server's back.
const NoStore = "the store is not etcd"

// readyMax is how long a server may take until it answers.
const readyMax = 60 * time.Second

// Current reaches the server that was started last.
var Current *rest.Config

// StartDefaultServer starts etcd and kube-apiserver of KUBEBUILDER_ASSETS with the flags that tests add.
func StartDefaultServer(t servertesting.Logger, flags ...string) (func(), *rest.Config, *serveroptions.CustomResourceDefinitionsServerOptions, error) {
	dir, err := os.MkdirTemp("", "navarch-api-extensions-")
	if err != nil {
		return nil, nil, nil, err
	}
	var started []*exec.Cmd
	stop := func() {
		for i := len(started) - 1; i >= 0; i-- {
			_ = started[i].Process.Signal(syscall.SIGTERM)
			_ = started[i].Wait()
		}
		_ = os.RemoveAll(dir)
	}
	start := func(ready, name string, args ...string) error {
		command := exec.Command(filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), name), args...)
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Start(); err != nil {
			return err
		}
		started = append(started, command)
		return answers(ready)
	}
	config, err := func() (*rest.Config, error) {
		client, err := credentials(dir)
		if err != nil {
			return nil, err
		}
		etcd := "http://" + freeAddress()
		if err := start(etcd+"/health", "etcd", "--data-dir="+filepath.Join(dir, "etcd"), "--listen-client-urls="+etcd, "--advertise-client-urls="+etcd); err != nil {
			return nil, err
		}
		// Asked for when etcd has its own: the same address is given out again as long as nobody listens there.
		server := freeAddress()
		_, port, _ := net.SplitHostPort(server)
		args := []string{
			"--bind-address=127.0.0.1", "--secure-port=" + port, "--cert-dir=" + dir, "--client-ca-file=" + filepath.Join(dir, "ca.crt"), "--etcd-servers=" + etcd,
			"--authorization-mode=RBAC", "--service-account-issuer=https://" + server, "--service-account-key-file=" + filepath.Join(dir, "ca.key"),
			"--service-account-signing-key-file=" + filepath.Join(dir, "ca.key"), "--disable-admission-plugins=NamespaceLifecycle",
		}
		if utilfeature.DefaultFeatureGate.Enabled(features.CBORServingAndStorage) {
			args = append(args, "--feature-gates=CBORServingAndStorage=true")
		}
		if err := start("https://"+server+"/readyz", "kube-apiserver", append(args, flags...)...); err != nil {
			return nil, err
		}
		return &rest.Config{Host: "https://" + server, QPS: 1000, Burst: 1000, TLSClientConfig: *client}, nil
	}()
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	Current = config
	return stop, rest.CopyConfig(config), serveroptions.NewCustomResourceDefinitionsServerOptions(os.Stdout, os.Stderr), nil
}

func StartDefaultServerWithClients(t servertesting.Logger, flags ...string) (func(), clientset.Interface, dynamic.Interface, error) {
	stop, config, _, err := StartDefaultServer(t, flags...)
	if err != nil {
		return nil, nil, nil, err
	}
	return stop, clientset.NewForConfigOrDie(config), dynamic.NewForConfigOrDie(config), nil
}

func StartDefaultServerWithConfigAccess(t servertesting.Logger, flags ...string) (func(), *rest.Config, apiserver.CompletedConfig, error) {
	t.(testing.TB).Skip(NoStore)
	return nil, nil, apiserver.CompletedConfig{}, nil
}

func StartDefaultServerWithClientsAndEtcd(t servertesting.Logger, flags ...string) (func(), clientset.Interface, dynamic.Interface, *clientv3.Client, string, error) {
	t.(testing.TB).Skip(NoStore)
	return nil, nil, nil, nil, "", nil
}

func IntegrationEtcdServers() []string { return nil }

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func answers(url string) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	var last error
	for since := time.Now(); time.Since(since) < readyMax; time.Sleep(10 * time.Millisecond) {
		response, err := client.Get(url)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s", response.Status)
		}
		last = err
	}
	return fmt.Errorf("%s does not answer: %w", url, last)
}

// credentials makes an authority, ca.crt and ca.key of a folder, and somebody of system:masters that it vouches for.
func credentials(dir string) (*rest.TLSClientConfig, error) {
	authority := &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	authorityCertificate, authorityKey, signer, err := pair(authority, nil, nil)
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{"ca.crt": authorityCertificate, "ca.key": authorityKey} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	admin := &x509.Certificate{Subject: pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	certificate, key, _, err := pair(admin, authority, signer)
	return &rest.TLSClientConfig{Insecure: true, CertData: certificate, KeyData: key}, err
}

// pair makes a key and a certificate of it; without a signer it signs itself.
func pair(certificate, issuer *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, []byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	if signer == nil {
		issuer, signer = certificate, key
	}
	certificate.SerialNumber = big.NewInt(time.Now().UnixNano())
	certificate.NotBefore, certificate.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, certificate, issuer, key.Public(), signer)
	if err != nil {
		return nil, nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), key, err
}
