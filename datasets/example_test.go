package datasets_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/datasets"
)

// From a text to the windows that a network trains on.
func Example() {
	corpus, _ := datasets.Read(strings.NewReader("hello world, hello windows"), "greeting")
	vocab, _ := datasets.Characters(corpus.Text)
	ids, _ := vocab.Encode(corpus.Text)
	train, validation, _ := datasets.Split(ids, 0.9)
	w, _ := datasets.NewWindows(train, 3, 2) // T = 3 steps, B = 2 lanes
	fmt.Println(vocab.Len(), "characters,", len(validation), "tokens to validate,", w.Len(), "windows")
	for w.Next() {
		in, _ := vocab.Decode(w.Inputs) // time-major: the lanes' characters alternate
		out, _ := vocab.Decode(w.Targets)
		fmt.Printf("%q %q\n", in, out)
	}
	// Output:
	// 12 characters, 3 tokens to validate, 3 windows
	// "h,e lh" "e lhle"
	// "leol l" "ol lwo"
	// "woo rw" "o rwli"
}

func ExampleRead() {
	corpus, _ := datasets.Read(strings.NewReader("Kie\u0302\u0300u\r\n"), "poem")
	fmt.Printf("%+q\n", corpus.Text)
	_, err := datasets.Read(strings.NewReader("one\ntw\xff"), "poem")
	fmt.Println(err)
	// Output:
	// "Ki\u1ec1u\n"
	// datasets: poem is not UTF-8: byte 0xff at offset 6, line 2
}

func ExampleReadFile() {
	corpus, err := datasets.ReadFile("catalog/kingjames/README.md")
	if err != nil {
		fmt.Println(err)
		return
	}
	title, _, _ := strings.Cut(corpus.Text, "\n")
	fmt.Println(corpus.Name, "begins with", title)
	// Output: catalog/kingjames/README.md begins with # The King James text
}

func ExampleCharacters() {
	vocab, _ := datasets.Characters("Trăm năm trong cõi người ta")
	ids, _ := vocab.Encode("năm")
	text, _ := vocab.Decode(ids)
	fmt.Println(len(ids), text)
	_, err := vocab.Encode("nắm")
	fmt.Println(err)
	// Output:
	// 3 năm
	// datasets: character "ắ", number 2 of the text, in line 1, is not in the vocabulary
}

func ExampleWords() {
	vocab, _ := datasets.Words("the cat and the dog and the bird", 5)
	for id := range vocab.Len() {
		token, _ := vocab.Token(id)
		fmt.Printf("%d %q\n", id, token)
	}
	ids, _ := vocab.Encode("And the fish and the bird")
	text, _ := vocab.Decode(ids)
	fmt.Println(ids, text)
	// Output:
	// 0 "<unk>"
	// 1 " <unk>"
	// 2 " and"
	// 3 " the"
	// 4 " bird"
	// [0 3 1 2 3 4] <unk> the <unk> and the bird
}

// A vocabulary travels with a model, as JSON in the checkpoint.
func ExampleVocabulary() {
	vocab, _ := datasets.Characters("hello")
	saved, _ := json.Marshal(vocab)
	fmt.Println(string(saved))
	var loaded datasets.Vocabulary
	_ = json.Unmarshal(saved, &loaded)
	ids, _ := loaded.Encode("hole")
	fmt.Println(loaded.Kind(), ids)
	// Output:
	// {"kind":"character","tokens":["e","h","l","o"]}
	// character [1 3 2 0]
}

func ExampleSplit() {
	train, validation, _ := datasets.Split([]int{1, 2, 3, 4, 5}, 0.8)
	fmt.Println(train, validation)
	// Output: [1 2 3 4] [5]
}

// Resuming: Position is saved with the model, and Seek goes there.
func ExampleWindows_Seek() {
	ids := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	w, _ := datasets.NewWindows(ids, 2, 2)
	w.Next()
	saved := w.Position()

	w, _ = datasets.NewWindows(ids, 2, 2)
	_ = w.Seek(saved)
	for w.Next() {
		fmt.Println(w.Inputs, w.Targets)
	}
	// Output: [2 6 3 7] [3 7 4 8]
}
