package subword

import (
	"encoding/json"
	"strings"

	"github.com/pkg/errors"
)

// Written is a pair of tokens to merge as files have it: ["a", "b"], or "a b" in older ones.
type Written [2]string

// UnmarshalJSON reads either form.
func (w *Written) UnmarshalJSON(data []byte) error {
	var two []string
	if err := json.Unmarshal(data, &two); err != nil {
		var one string
		if json.Unmarshal(data, &one) != nil {
			return errors.Errorf("a merge is %.40s; want a pair of tokens", data)
		}
		a, b, ok := strings.Cut(one, " ")
		if !ok || strings.Contains(b, " ") {
			return errors.Errorf("the merge %.40q is not two tokens with a space between", one)
		}
		two = []string{a, b}
	}
	if len(two) != 2 {
		return errors.Errorf("a merge of %d tokens; want 2", len(two))
	}
	w[0], w[1] = two[0], two[1]
	return nil
}
