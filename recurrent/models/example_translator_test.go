package models_test

import (
	"context"
	"fmt"
	"log"

	"github.com/unroll-go/unroll/recurrent/models"
)

// A translator learns from pairs, and says where it looked.
func ExampleTranslator() {
	var pairs models.Pairs
	for _, who := range [][2]string{{"the cat", "con mèo"}, {"the dog", "con chó"}, {"the bird", "con chim"}} {
		for _, what := range [][2]string{{"sleeps", "ngủ"}, {"eats", "ăn"}, {"sings", "hát"}} {
			pairs.Sources = append(pairs.Sources, who[0]+" "+what[0])
			pairs.Targets = append(pairs.Targets, who[1]+" "+what[1])
		}
	}
	m, err := models.NewTranslator(models.Config{Tokens: "word", Hidden: 16, Embed: 8, Batch: 3, Rate: 0.02, Epochs: 60}, pairs)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), pairs, pairs, models.Run{}); err != nil {
		log.Fatal(err)
	}
	found, err := m.Translate(context.Background(), []string{"the bird eats"}, models.Translation{Beam: 3, LengthPenalty: 1})
	if err != nil {
		log.Fatal(err)
	}
	best := found[0][0]
	fmt.Println(best.Text, best.Tokens)
	// Output: con chim ăn [con chim ăn]
}
