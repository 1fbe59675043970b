// Speaks to a server as h2spec does: each rule of HTTP/2 and of its header compression, kept and broken.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"
)

func main() {
	port := flag.Int("port", 0, "where the server listens on loopback")
	flag.Parse()
	_, err := h2spec.Run(&config.Config{
		Host: "127.0.0.1", Port: *port, Path: "/", Timeout: 3 * time.Second, MaxHeaderLen: 4000, TLS: true, Insecure: true, Strict: true,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
