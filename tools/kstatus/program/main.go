// Command kstatus says what kstatus makes of objects: it reads them from standard
// input, a JSON object a line, and answers each with a line of status and message.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type answer struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := judge(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func judge(in io.Reader, out io.Writer) error {
	objects, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var line json.RawMessage
		if err := objects.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		// Unstructured's own decoder keeps whole numbers whole, which kstatus insists on.
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(line); err != nil {
			return err
		}
		result, err := status.Compute(object)
		if err != nil {
			return err
		}
		if err := answers.Encode(answer{string(result.Status), result.Message}); err != nil {
			return err
		}
	}
}
