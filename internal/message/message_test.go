package message

import "testing"

// Messages of the library lose the names of its packages, and nothing else.
func TestMessagesNameNoPackages(t *testing.T) {
	for message, want := range map[string]string{
		"datasets: a.txt is empty":               "a.txt is empty",
		"a.txt: models: datasets: 1 token":       "a.txt: 1 token",
		"read safetensors: open x: no such file": "open x: no such file",
		"retrain: x":                             "retrain: x",
		"a.csv: the column \"models\" is empty":  "a.csv: the column \"models\" is empty",
	} {
		if got := WithoutPackages(message); got != want {
			t.Errorf("%q became %q; want %q", message, got, want)
		}
	}
}
