package serve

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// Texts that a foundation model writes beside others are those that it writes alone.
func TestFoundationModels(t *testing.T) {
	folders, err := filepath.Glob("../../pretrained/testdata/models/*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no recorded models", err)
	}
	seen := map[bool]int{}
	for _, folder := range folders {
		m, err := pretrained.Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		if m.SetTokenizer(letters{}) != nil {
			t.Fatal(err)
		}
		seen[grows(m)]++
		text := &foundationText{m, letters{}}
		var s reader
		if grows(m) {
			s, err = newGrower(m, 100)
		} else {
			s, err = newStepper(text, Options{}.complete(), func(int) {})
		}
		if err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		stream, err := m.Stream()
		if err != nil {
			t.Fatal(err)
		}
		prompt := make([]int, 40)
		for i := range prompt {
			prompt[i] = 2 + i*i%7
		}
		want, err := stream.Generate(context.Background(), letters{}.text(prompt), pretrained.Generation{Length: 12, Sampler: decode.Sampler{Greedy: true}, Endless: true})
		if err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		found := make(chan string, 3)
		for range cap(found) {
			go func() {
				zero := 0.0
				w, err := newWriter(text, 12, writing{Temperature: &zero}, 0)
				if err != nil {
					found <- err.Error()
					return
				}
				w.ends = nil
				out := ""
				w.each = func(list []written) error {
					for _, one := range list {
						out += one.text
					}
					return nil
				}
				l := &lane{feed: prompt, quiet: len(prompt) - 1, after: w.after}
				if err := s.run(context.Background(), l); err != nil {
					out = err.Error()
				}
				found <- out
			}()
		}
		for range cap(found) {
			if got := <-found; got != want {
				t.Errorf("%s: %q; want %q", folder, got, want)
			}
		}
		s.close()
	}
	if seen[false] < 5 || seen[true] < 2 {
		t.Errorf("%d families whose state has one size were served, and %d whose state grows", seen[false], seen[true])
	}
}

// letters is a tokenizer whose token i is a character.
type letters struct{}

func (letters) text(ids []int) string {
	out := make([]rune, len(ids))
	for i, id := range ids {
		out[i] = rune(0x4e00 + id)
	}
	return string(out)
}

func (letters) Len() int                           { return 1 << 20 }
func (l letters) Decode(ids []int) (string, error) { return l.text(ids), nil }
func (l letters) Token(id int) (string, error)     { return l.text([]int{id}), nil }
func (letters) ID(token string) (int, bool)        { return 0, false }
func (letters) Specials() []int                    { return nil }
func (letters) Encode(text string) (ids []int, err error) {
	for _, r := range text {
		ids = append(ids, int(r)-0x4e00)
	}
	return ids, nil
}
func (l letters) Prompt(text string) ([]int, error) { return l.Encode(text) }
