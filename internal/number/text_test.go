package number

import "testing"

func TestHasDecimalComma(t *testing.T) {
	for text, want := range map[string]bool{"266,4": true, "-0,5": true, "1,234": true, "266.4": false, "1,234.5": false, "1,2,3": false, ",5": false, "a,1": false, "": false} {
		if HasDecimalComma(text) != want {
			t.Errorf("%q: %v; want %v", text, !want, want)
		}
	}
}
