package number

import "testing"

func TestDecimalComma(t *testing.T) {
	for text, want := range map[string][2]bool{"21,5": {true, true}, "-0,125": {true, true}, "1,234": {true, false}, "+12,345": {true, false},
		"1234,567": {true, true}, "0,0001": {true, true}, "1,234e5": {true, true}, "1,5E-3": {true, true}, "1.5": {}, "1,2,3": {}, "1.234,5": {}, ",5": {}} {
		if is, sure := DecimalComma(text); is != want[0] || sure != want[1] {
			t.Errorf("%q: %v, %v; want %v", text, is, sure, want)
		}
	}
}

func TestHasDecimalComma(t *testing.T) {
	for text, want := range map[string]bool{"266,4": true, "-0,5": true, "1,234": true, "266.4": false, "1,234.5": false, "1,2,3": false, ",5": false, "a,1": false, "": false} {
		if HasDecimalComma(text) != want {
			t.Errorf("%q: %v; want %v", text, !want, want)
		}
	}
}
