package catalog

import (
	"context"
	"io"
	"path"

	"github.com/pkg/errors"
)

// The makers' server is often away; the copy is the one that torchtext's users go to.
const (
	multi30kURL    = "http://www.quest.dcs.shef.ac.uk/wmt16_files_mmt/"
	multi30kMirror = "https://raw.githubusercontent.com/neychev/small_DL_repo/master/datasets/Multi30k/"
)

var multi30kInfo = Info{
	Name:        "multi30k",
	Title:       "Multi30k, English and German",
	Description: "Captions of pictures in English, and their translations into German.",
	Task:        "translation",
	Licence:     "CC BY-NC-SA 4.0; the pictures' terms are those of Flickr",
	Citation:    "Elliott, Frank, Sima'an, Specia: Multi30K: Multilingual English-German Image Descriptions, 2016",
	Source:      "https://www.statmt.org/wmt16/multimodal-task.html",
	Size:        "29,000 pairs to train on, 1,014 to validate, 1,000 to test",
	Rows:        31014,
	Files: []File{
		{Name: "training.tar.gz", URLs: []string{multi30kMirror + "training.tar.gz", multi30kURL + "training.tar.gz"},
			SHA256: "20140d013d05dd9a72dfde46478663ba05737ce983f478f960c1123c6671be5e"},
		{Name: "validation.tar.gz", URLs: []string{multi30kMirror + "validation.tar.gz", multi30kURL + "validation.tar.gz"},
			SHA256: "a7aa20e9ebd5ba5adce7909498b94410996040857154dab029851af3a866da8c"},
		// Packed again, so the hash is not that of the makers' archive; torchtext has the same.
		{Name: "mmt16_task1_test.tar.gz", URLs: []string{multi30kMirror + "mmt16_task1_test.tar.gz"},
			SHA256: "6d1ca1dba99e2c5dd54cae1226ff11c2551e6ce63527ebb072a1f70f72a5cd36"},
	},
}

// Multi30k are captions in English (Source) and German (Target); see Pairs.Reversed. Its parts are fixed.
var Multi30k = PairSet{Info: multi30kInfo, load: loadMulti30k}

func loadMulti30k(ctx context.Context, info Info, o Options) (PairParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return PairParts{}, err
	}
	var parts PairParts
	for i, part := range []*Pairs{&parts.Train, &parts.Validation, &parts.Test} {
		if *part, err = readTwoFiles(paths[i], []string{"train", "val", "test"}[i], "en", "de"); err != nil {
			return PairParts{}, err
		}
	}
	return parts, nil
}

// readTwoFiles reads an archive's files NAME.SOURCE and NAME.TARGET, whose lines are translations of each other. The
// files may lie in a folder; other files are not looked at.
func readTwoFiles(archive, name, source, target string) (Pairs, error) {
	found := map[string][]string{}
	err := walk(archive, func(member string, r io.Reader) error {
		base := path.Base(member)
		if base != name+"."+source && base != name+"."+target {
			return nil
		}
		raw, err := io.ReadAll(r)
		found[base] = lines(raw)
		return errors.WithStack(err)
	})
	if err != nil {
		return Pairs{}, err
	}
	p := Pairs{Source: found[name+"."+source], Target: found[name+"."+target]}
	if len(p.Source) == 0 || len(p.Source) != len(p.Target) {
		return Pairs{}, errors.Errorf("datasets: %s has %d lines in %s.%s and %d in %s.%s; want as many, and some",
			archive, len(p.Source), name, source, len(p.Target), name, target)
	}
	return p, nil
}
