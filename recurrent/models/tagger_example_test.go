package models_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/unroll-go/unroll/recurrent/models"
)

// A tagger of one's own: who is named, and where. The same word is a person's name here and a city's there.
func ExampleNewTagger() {
	var all models.Sentences
	for _, person := range []string{"Ann", "Bob", "Paris", "Sydney"} {
		for _, place := range []string{"Paris", "Sydney", "Rome", "Hanoi"} {
			all.Words = append(all.Words, []string{person, "lives", "in", place})
			all.Tags = append(all.Tags, []string{"B-PER", "O", "O", "B-LOC"})
		}
	}
	c := models.Config{Hidden: 16, Embed: 8, Rate: 0.02, Epochs: 20, Tag: models.TagConfig{Scheme: "iob2"}}
	m, err := models.NewTagger(c, all, all.AllTags())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), all, all, models.Run{}); err != nil {
		log.Fatal(err)
	}
	tags, err := m.Tag([][]string{strings.Fields("Sydney lives in Paris")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tags[0])
	// Output: [B-PER O O B-LOC]
}
