// Says what Go's crypto/tls makes of a server, for a bundle that is all it trusts: dial ADDRESS NAME BUNDLE, a line for
// each three arguments: "ok", or why not.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	for rest := os.Args[1:]; len(rest) >= 3; rest = rest[3:] {
		fmt.Println(dial(rest[0], rest[1], rest[2]))
	}
}

func dial(address, name, bundle string) string {
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return err.Error()
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		return err.Error()
	}
	connection.Close()
	return "ok"
}
