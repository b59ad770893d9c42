// Says what Go's crypto/x509 makes of certificates: DER in base64, a line each, on the standard input; for each a line of
// JSON, empty text where ParseCertificate takes it, else its message. The first line is the version of Go.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"runtime"
)

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	answers.Encode(runtime.Version())
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		answers.Encode(judge(line[:len(line)-1]))
	}
}

func judge(line string) string {
	der, err := base64.StdEncoding.DecodeString(line)
	if err == nil {
		_, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
