package datasets

import (
	"strings"
	"testing"
)

func TestCutWords(t *testing.T) {
	for text, want := range map[string]string{
		"I'm sure, Tom!":       "I|'m|sure|,|Tom|!",
		"Tại  sao\u00a0đi?":    "Tại|sao|đi|?",
		"e\u0301t\u00e9":       "été", // composed
		"3.5 %":                "3|.|5|%",
		"'Yes'":                "'Yes|'",
		"":                     "",
		"\ufeff \r\n":          "",
		"don’t (really) go...": "don|’t|(|really|)|go|.|.|.",
		"\xff":                 "\xff",
	} {
		if got := strings.Join(CutWords(text), "|"); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestJoinWords(t *testing.T) {
	for want, words := range map[string]string{
		"đây là tom's, phải không?": "đây là tom 's , phải không ?",
		"(so) “he” said: go…":       "( so ) “ he ” said : go …",
		"":                          "",
	} {
		if got := JoinWords(strings.Fields(words)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
