// Copies an image as `skopeo copy --insecure-policy --dest-authfile FILE SOURCE TARGET` does, by the library of the
// skopeo that Epinio's chart runs (1.13.2: containers/image 5.26.1). Debian's skopeo is older, and TLS differs.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/signature"
	"github.com/containers/image/v5/transports/alltransports"
	"github.com/containers/image/v5/types"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(authFile, source, target string) error {
	from, err := alltransports.ParseImageName(source)
	if err != nil {
		return err
	}
	to, err := alltransports.ParseImageName(target)
	if err != nil {
		return err
	}
	anything := &signature.Policy{Default: []signature.PolicyRequirement{signature.NewPRInsecureAcceptAnything()}}
	policy, err := signature.NewPolicyContext(anything)
	if err != nil {
		return err
	}
	options := &copy.Options{DestinationCtx: &types.SystemContext{AuthFilePath: authFile}}
	_, err = copy.Image(context.Background(), policy, to, from, options)
	return err
}
