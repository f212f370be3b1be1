package baseline

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	n, err := NewNearest([]string{"I like tea.", "Do you like tea?", "Tea."}, []string{"first", "second", "third"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"You like it?": "second", "Tea, tea.": "third", "I like it.": "first", "Nothing known": "first", "": "first", "TEA.": "third",
	} {
		if got := n.Translate(text); got != want {
			t.Errorf("%q is nearest to the %s, want the %s", text, got, want)
		}
	}
}

// Of sentences that are as near, the first is taken, however many there are.
func TestNearestTakesTheFirst(t *testing.T) {
	sources, targets := make([]string, 300), make([]string, 300)
	for i := range sources {
		sources[i], targets[i] = "a b", strings.Repeat("x", i)
	}
	n, err := NewNearest(sources, targets)
	if err != nil {
		t.Fatal(err)
	}
	if got := n.Translate("b"); got != "" {
		t.Errorf("the %d-th sentence, want the first", len(got))
	}
}

// The widest context that came up decides; words whose symbols are not as many as their letters teach nothing.
func TestLetterRules(t *testing.T) {
	r, err := NewLetterRules([]string{"CAT", "CITY", "CAN", "PHI"}, []string{"K AE T", "S IH T IY", "K AE N", "F AY"})
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{"CAP": "K AE", "CIT": "S IH T", "TAC": "T AE K", "P": "", "": ""} {
		if got := r.Translate(word); got != want {
			t.Errorf("%s is spelled %q, want %q", word, got, want)
		}
	}
}

func TestPairsAreWanted(t *testing.T) {
	for _, c := range [][2][]string{{nil, nil}, {{"a"}, nil}, {{"a"}, {"b", "c"}}} {
		if _, err := NewNearest(c[0], c[1]); err == nil || !strings.Contains(err.Error(), "want as many") {
			t.Error(err)
		}
		if _, err := NewLetterRules(c[0], c[1]); err == nil || !strings.Contains(err.Error(), "want as many") {
			t.Error(err)
		}
	}
	if (*Nearest)(nil).Translate("a") != "" || (*LetterRules)(nil).Translate("a") != "" {
		t.Error("a nil baseline knows a translation")
	}
}
