package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	for marked, want := range map[string]string{
		"Trăm năm trong cõi người ta": "Tram nam trong coi nguoi ta", "Đã đành": "Da danh", "ổ ệ ữ ỹ": "o e u y", "": "",
	} {
		if got := plain(marked); got != want {
			t.Errorf("%q without marks is %q, want %q", marked, got, want)
		}
	}
}

func TestHabits(t *testing.T) {
	h := habitsOf([]string{"mà ma mà", "mà trời"})
	if got := h.restore("ma troi sao"); got != "mà trời sao" {
		t.Errorf("%q, want the most frequent forms and new syllables as they are", got)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	write := func(lines int) {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.Repeat("Một dòng\n\n", lines)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(200)
	fit, check, test, err := load(path)
	if err != nil || len(fit) != 170 || len(check) != 10 || len(test) != 20 || fit[0] != "một dòng" {
		t.Errorf("%d, %d and %d lines, error %v", len(fit), len(check), len(test), err)
	}
	write(99)
	if _, _, _, err := load(path); err == nil || !strings.Contains(err.Error(), "99 lines; want 100 at least") {
		t.Error(err)
	}
}
