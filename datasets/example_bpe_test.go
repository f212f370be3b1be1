package datasets_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
)

// Training, and the file that other programs read.
func ExampleBPETrainer() {
	bible, _ := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
	bpe, _ := datasets.BPETrainer{Size: 1000, Special: []string{"<|endoftext|>"}}.Train(bible.Train.Text)
	ids, _ := bpe.Encode("In the beginning was a 👍🏽")
	text, _ := bpe.Decode(ids)
	fmt.Println(text)
	for _, id := range ids[:5] {
		token, _ := bpe.Token(id)
		fmt.Printf("%q ", token)
	}
	fmt.Println(len(ids), "tokens")

	dir, _ := os.MkdirTemp("", "bpe")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tokenizer.json")
	if err := bpe.Save(path); err != nil {
		fmt.Println(err)
	}
	again, _ := datasets.LoadBPE(path)
	other, _ := again.Encode("In the beginning was a 👍🏽")
	fmt.Println(again.Len(), slices.Equal(ids, other))
	// Output:
	// In the beginning was a 👍🏽
	// "I" "n" "Ġthe" "Ġbeg" "in" 18 tokens
	// 1000 true
}

// Special tokens, for models of sequences.
func ExampleVocabulary_WithSpecials() {
	vocab, _ := datasets.Words("the cat sat on the mat", 0)
	vocab, _ = vocab.WithSpecials()
	start, _ := vocab.ID(datasets.Start)
	end, _ := vocab.ID(datasets.End)
	ids, _ := vocab.Encode("the dog sat")
	sentence := append(append([]int{start}, ids...), end)
	text, _ := vocab.Decode(sentence)
	fmt.Println(sentence, text)
	// Output: [2 10 4 8 3] the <unk> sat
}

func ExampleVocabularyBuilder() {
	b := datasets.VocabularyBuilder{Kind: datasets.Word, MinCount: 2}
	for _, sentence := range []string{"a cat and a dog", "a dog and a bird"} {
		if err := b.Add(sentence); err != nil {
			fmt.Println(err)
		}
	}
	vocab, _ := b.Vocabulary()
	saved, _ := vocab.MarshalJSON()
	fmt.Println(string(saved))
	// Output: {"kind":"word","tokens":["\u003cunk\u003e"," \u003cunk\u003e"," a"," and"," dog","a"]}
}

func ExampleLabels() {
	phonemes, _ := datasets.Labels([]string{"AH0", "HH", "L", "OW1"})
	ids, _ := phonemes.Encode("HH AH0 L OW1")
	text, _ := phonemes.Decode(ids)
	fmt.Println(ids, text)
	// Output: [1 0 2 3] HH AH0 L OW1
}

// A text of any size: its ids are written to a file once, and windows are read from there.
func ExampleEncodeFile() {
	dir, _ := os.MkdirTemp("", "ids")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "text.txt")
	_ = os.WriteFile(path, []byte(strings.Repeat("hello world\n", 1000)), 0o644)

	vocab, _ := datasets.Characters("helo wrd\n")
	ids, err := datasets.EncodeFile(path, path+".ids", vocab)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ids.Close()
	train, validation, _ := ids.Split(0.9)
	w, _ := datasets.NewFileWindows(train, 50, 8)
	for w.Next() {
		_, _ = w.Inputs, w.Targets // [50, 8] each
	}
	fmt.Println(ids.Len(), "ids,", validation.Len(), "to validate,", w.Len(), "windows", w.Err())
	// Output: 12000 ids, 1200 to validate, 26 windows <nil>
}

func TestBPEIsShared(t *testing.T) {
	b := loadBPE(t, filepath.Join("testdata", "bpe", "tokenizer.json"))
	lines := sampleLines(t, filepath.Join("testdata", "bpe"))
	want := make([][]int, len(lines))
	for i, line := range lines {
		want[i], _ = b.Encode(line)
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for k := range lines {
				i := (k + g*len(lines)/4) % len(lines)
				if ids, err := b.Encode(lines[i]); err != nil || !slices.Equal(ids, want[i]) {
					t.Errorf("%q: %v, %v", lines[i], ids, err)
				}
			}
		})
	}
	all.Wait()
}
