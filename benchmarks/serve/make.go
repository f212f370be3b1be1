package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/unroll-go/unroll/recurrent/models"
)

// writeFiles writes a classifier by one LSTM, which is as fast untrained as trained; the same for ONNX Runtime; and requests with
// texts of so many words, for `unroll serve` and, as tokens, for fastapi_server.py.
func writeFiles(folder string, hidden, fewest, most int) error {
	const texts, words = 256, 500
	r := rand.New(rand.NewPCG(7, 7))
	list := make([]string, texts)
	for i := range list {
		text := make([]string, fewest+r.IntN(most-fewest+1))
		for j := range text {
			text[j] = fmt.Sprintf("w%d", r.IntN(words))
		}
		list[i] = strings.Join(text, " ")
	}
	c := models.Config{Cell: "lstm", OneWay: true, Tokens: "word", Hidden: hidden, Embed: 128, Seed: 3}
	m, err := models.NewClassifier(c, list, []string{"good", "bad"})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := m.Save(filepath.Join(folder, "classifier.safetensors")); err != nil {
		return err
	}
	if err := m.Export(filepath.Join(folder, "classifier.onnx")); err != nil {
		return err
	}
	var asked, ids []byte
	for _, text := range list {
		body, err := json.Marshal([]string{text})
		if err != nil {
			return err
		}
		asked = append(append(asked, body...), '\n')
		found, err := m.Tokenizer().Encode(text)
		if err == nil {
			body, err = json.Marshal(map[string][]int{"ids": found})
		}
		if err != nil {
			return err
		}
		ids = append(append(ids, body...), '\n')
	}
	if err := os.WriteFile(filepath.Join(folder, "texts.txt"), asked, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "ids.txt"), ids, 0o644)
}
