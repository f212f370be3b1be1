// Command tutorial is the program of docs/tutorial.md: it trains a classifier of names, judges it, saves it, loads it again,
// and predicts with it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/unroll-go/unroll/recurrent/models"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: tutorial names.csv")
	}
	if err := learn(os.Args[1], 4); err != nil {
		log.Fatal(err)
	}
}

// learn reads a table with the columns text and label, and passes over it so many times.
func learn(table string, epochs int) error {
	all, err := models.ReadExamples(table, "text", "label")
	if err != nil {
		return err
	}
	fit, validation, test, err := all.Split(0.1, 0.1) // a tenth to stop by, a tenth for the test
	if err != nil {
		return err
	}

	config := models.Defaults(models.KindClassifier) // what the command trains with
	config.Tokens, config.Epochs = "character", epochs
	m, err := models.NewClassifier(config, fit.Texts, fit.Labels)
	if err != nil {
		return err
	}
	result, err := m.Fit(context.Background(), fit, validation, models.Run{})
	if err != nil {
		return err
	}
	e, err := m.Evaluate(test)
	if err != nil {
		return err
	}
	fmt.Printf("validation loss %.3f; accuracy %.3f and macro F1 %.3f on %d other names\n",
		result.Validation, e.Confusion.Accuracy(), e.Confusion.MacroF1(), e.Rows)

	if err := m.Save("languages.safetensors"); err != nil {
		return err
	}
	again, err := models.LoadClassifier("languages.safetensors") // in another program, say
	if err != nil {
		return err
	}
	found, err := again.Predict([]string{"Kowalczyk", "Giovannini"})
	if err != nil {
		return err
	}
	for _, p := range found {
		fmt.Printf("%s %.2f\n", p.Label, p.Probability)
	}
	return nil
}
