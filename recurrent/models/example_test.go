package models_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
)

// What the command trained with "unroll train --table reviews.csv", a Go program loads in three lines.
func ExampleLoadClassifier() {
	m, err := models.LoadClassifier("testdata/reviews.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	found, err := m.Predict([]string{"the film was lovely and warm", "the plot was awful"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.2f\n", found[0].Label, found[0].Probability)
	fmt.Printf("%s %.2f\n", found[1].Label, found[1].Probability)
	// Output:
	// positive 1.00
	// negative 1.00
}

// A classifier of one's own: read a table, fit, evaluate, save, predict.
func ExampleClassifier_Fit() {
	all, err := models.ReadExamples("testdata/reviews.csv", "text", "label")
	if err != nil {
		log.Fatal(err)
	}
	fit, validation, test, err := all.Split(0.1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	m, err := models.NewClassifier(models.Config{Hidden: 16, Rate: 0.01, Epochs: 10, Patience: 3}, fit.Texts, fit.Labels)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), fit, validation, models.Run{}); err != nil {
		log.Fatal(err)
	}
	e, err := m.Evaluate(test)
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(os.TempDir(), "unroll-example-reviews.safetensors")
	defer os.Remove(path)
	if err := m.Save(path); err != nil {
		log.Fatal(err)
	}
	found, err := m.Predict([]string{"a lovely scene"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("accuracy %.2f on %d rows; %s\n", e.Confusion.Accuracy(), e.Rows, found[0].Label)
	// Output:
	// accuracy 1.00 on 40 rows; positive
}

// Text from a language model that the command trained, token by token as it is drawn.
func ExampleLanguageModel_Generate() {
	m, err := models.LoadLanguageModel("testdata/book.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	show := func(piece string) error {
		_, err := fmt.Print(piece)
		return err
	}
	o := models.Generation{Length: 22, Sampler: decode.Sampler{Greedy: true}, Each: show}
	if _, err := m.Generate(context.Background(), "to be", o); err != nil {
		log.Fatal(err)
	}
	likely, err := m.Predict([]string{"to be or not to be"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("\nperplexity %.1f\n", likely[0].Perplexity())
	// Output:
	// the the queston
	// t t b
	// perplexity 2.6
}

// Load tells the kind of a model.
func ExampleLoad() {
	for _, path := range []string{"testdata/reviews.safetensors", "testdata/book.safetensors"} {
		m, err := models.Load(path)
		if err != nil {
			log.Fatal(err)
		}
		switch m := m.(type) {
		case *models.Classifier:
			fmt.Println(m.Kind(), m.Labels())
		case *models.LanguageModel:
			fmt.Println(m.Kind(), m.Vocabulary().Len())
		}
		fmt.Println(m.Config().Network(m.Kind()))
	}
	// Output:
	// classifier of texts [negative positive]
	// 1 x GRU, both directions, hidden 8, embedding 8, max over time
	// language model 15
	// 1 x GRU, hidden 16, embedding 8
}
