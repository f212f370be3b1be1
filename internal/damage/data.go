package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/idxfile"
)

// Files of texts and tables, small ones: what damage does to them shows in a few lines.
var (
	tables = []string{"name,age,\"a \"\"note\"\"\"\nAnn,31,\"two\nlines\"\nBo,,x\nCy,-2.5e3,y\n", "1,2,3\r\n4,5,6\r\n7,8,NaN\r\n",
		"\ufeffdate,value\n2020-01-01,\"1,5\"\n"}
	tabbed  = []string{"text\tlabel\nI like it\tgood\nI don't \"like\" it\tbad\n\tgood\n", "1\t2\n3\t4\n"}
	objects = []string{"{\"text\":\"a b\",\"label\":1}\n{\"text\":\"\\u00e9\\ud83d\\ude00\",\"label\":-2.5e3,\"more\":{\"list\":[1,[2,{}]]}}\n\n{\"text\":null}\n", "{}\n{\"a\":true}\n"}
	trees   = []string{"# sent_id = s1\n# text = Don't go.\n1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=Yes\n1\tDo\tdo\tAUX\tVBP\tMood=Imp|VerbForm=Fin\t3\taux\t_\t_\n" +
		"2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_\n3\tgo\tgo\tVERB\tVB\t_\t0\troot\t0:root\t_\n3.1\tgone\tgo\tVERB\t_\t_\t_\t_\t3:conj\t_\n\n1\tĐi\tđi\tVERB\t_\t_\t0\troot\t_\t_\n\n"}
	columns = []string{"-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nPeter NNP B-NP B-PER\nBlackburn NNP I-NP I-PER\n",
		"Đi\tV\r\nđâu\tP\r\n\r\n#hashtag\tN\r\n"}
	texts = []string{"The quick brown fox.\r\nIt jumps\tover 12,5 dogs — naïve café 👩‍🚀\n", "e\u0301\u1112\u1161\u11ab\x00\ufeff\u200b",
		"\ufeffone\ntwo\n"}
	arrays = []string{"\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdefghijkl",
		"\x00\x00\x08\x01\x00\x00\x00\x04\x01\x02\x03\x04"}
)

// sentences are given to everything that makes tokens.
var sentences = []string{"", "the cat", "The quick brown fox — naïve 👩‍🚀", "\xff\x00"}

func tokenizers() ([][]byte, error) {
	out, err := testdata("datasets/testdata/bpe/tokenizer*.json")()
	if err != nil {
		return nil, err
	}
	own, err := made(func(path string) error {
		b, err := datasets.BPETrainer{Size: 270, Special: []string{"<s>"}, Compose: true}.Train("the cat and the hat that sat")
		if err != nil {
			return err
		}
		return b.Save(path)
	})
	return append(out, own...), err
}

// useTokenizer loads a tokenizer, and encodes and decodes with it.
func useTokenizer(path string, _ []byte) error {
	b, err := datasets.LoadBPE(path)
	if err != nil {
		return err
	}
	tokens(b)
	b.Specials()
	return b.Save(path + ".out")
}

// tokens encodes sentences and decodes what came of them, and ids that were not given.
func tokens(t datasets.Tokenizer) {
	for _, s := range sentences {
		if ids, err := t.Encode(s); err == nil {
			_, _ = t.Decode(ids)
		}
	}
	for _, id := range []int{-1, 0, t.Len() - 1, t.Len()} {
		_, _ = t.Token(id)
		_, _ = t.Decode([]int{id})
	}
}

func vocabularies() ([][]byte, error) {
	var out [][]byte
	for _, build := range []func() (*datasets.Vocabulary, error){
		func() (*datasets.Vocabulary, error) { return datasets.Characters("the cat é 👩‍🚀") },
		func() (*datasets.Vocabulary, error) { return datasets.Words("the cat and the hat", 4) },
		func() (*datasets.Vocabulary, error) { return datasets.Labels([]string{"good", "bad"}) },
	} {
		v, err := build()
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func useVocabulary(_ string, data []byte) error {
	v := new(datasets.Vocabulary)
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	tokens(v)
	_, _ = v.WithSpecials()
	_, err := json.Marshal(v)
	return err
}

func idFiles() ([][]byte, error) {
	v, err := datasets.Characters("the cat")
	if err != nil {
		return nil, err
	}
	return made(func(path string) error {
		text := filepath.Join(filepath.Dir(path), "text")
		if err := os.WriteFile(text, []byte(strings.Repeat("the cat ", 20)), 0o600); err != nil {
			return err
		}
		f, err := datasets.EncodeFile(text, path, v)
		if err != nil {
			return err
		}
		return f.Close()
	})
}

// useIDs reads all ids of a file, in one piece, in parts and in windows.
func useIDs(path string, _ []byte) error {
	f, err := datasets.OpenIDs(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if f.Len() > 0 {
		if err := f.Read(make([]int, f.Len()), 0); err != nil {
			return err
		}
	}
	_, _, _ = f.Split(0.5)
	w, err := datasets.NewFileWindows(f, 3, 2)
	if err != nil {
		return err
	}
	for w.Next() {
	}
	return w.Err()
}

func useCSV(_ string, data []byte) error {
	return useRows(func() (*datasets.Rows, error) { return datasets.CSV{}.Read(bytes.NewReader(data), "file") })
}

func useTSV(_ string, data []byte) error {
	return useRows(func() (*datasets.Rows, error) { return datasets.TSV{}.Read(bytes.NewReader(data), "file") })
}

// useRows reads all fields of a table as texts, and then the columns as numbers, as far as they are.
func useRows(read func() (*datasets.Rows, error)) error {
	rows, err := read()
	if err != nil {
		return err
	}
	for rows.Next() {
		for i, c := range rows.Columns() {
			rows.At(i)
			rows.Text(c)
		}
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	for _, c := range rows.Columns() {
		again, err := read()
		if err != nil {
			return err
		}
		_, _ = again.Numbers(c)
	}
	return nil
}

// useJSONL decodes all objects, and then reads fields of them, as far as they have those.
func useJSONL(_ string, data []byte) error {
	o := datasets.JSONL{}.Read(bytes.NewReader(data), "file")
	for o.Next() {
		var v map[string]any
		_ = o.Decode(&v)
	}
	if o.Err() != nil {
		return o.Err()
	}
	for o = (datasets.JSONL{}).Read(bytes.NewReader(data), "file"); o.Next(); {
		o.Text("text")
		o.Number("label")
	}
	return nil
}

func useCoNLLU(_ string, data []byte) error {
	b := datasets.CoNLLU{}.Read(bytes.NewReader(data), "file")
	for b.Next() {
		s := b.Sentence()
		s.Forms()
		s.Tags()
		s.Comment("text")
	}
	return b.Err()
}

// useCoNLL reads the sentences of a file in columns, and again with all that may be set.
func useCoNLL(_ string, data []byte) error {
	read := func(c datasets.CoNLL) error {
		s := c.Read(bytes.NewReader(data), "file")
		for s.Next() {
			s.Column(0)
			s.Column(-1)
			s.Line()
		}
		return s.Err()
	}
	_ = read(datasets.CoNLL{Separator: "\t", Comment: "#", MaxSentence: 64})
	return read(datasets.CoNLL{})
}

// useText reads a text, and makes vocabularies and byte pairs of it.
func useText(path string, data []byte) error {
	c, err := datasets.ReadFile(path)
	if err != nil {
		return err
	}
	for _, build := range []func() (datasets.Tokenizer, error){
		func() (datasets.Tokenizer, error) { return datasets.Characters(c.Text) },
		func() (datasets.Tokenizer, error) { return datasets.Words(c.Text, 5) },
		func() (datasets.Tokenizer, error) { return datasets.BPETrainer{Size: 260}.Train(c.Text) },
	} {
		if t, err := build(); err == nil {
			tokens(t)
			if ids, err := t.Encode(string(data)); err == nil {
				_, _ = t.Decode(ids)
			}
		}
	}
	return nil
}

func useIDX(_ string, data []byte) error {
	_, _, err := idxfile.Read(bytes.NewReader(data), 1<<20)
	return err
}
