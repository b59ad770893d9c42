// Fills in templates as External Secrets does with engineVersion v2: text/template with sprig's functions, and an error
// for a value that is missing. Reads {"template": …, "values": {…}} and prints what comes out.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func main() {
	var asked struct {
		Template string
		Values   map[string]string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fail(err)
	}
	parsed, err := template.New("").Option("missingkey=error").Funcs(sprig.TxtFuncMap()).Parse(asked.Template)
	if err != nil {
		fail(err)
	}
	if err := parsed.Execute(os.Stdout, asked.Values); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
