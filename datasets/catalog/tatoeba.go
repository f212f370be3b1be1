package catalog

import (
	"context"
	"strings"

	"github.com/pkg/errors"
)

// Tatoeba are English sentences (Source) and their translations into a language (Target) by the people of Tatoeba, as
// manythings.org selects them. The language is a code of three letters: "fra", "deu", "spa", "vie", "jpn" ... English
// sentences with several translations are in one part with all of them. The sets grow, and have no published hash: the
// first download is trusted, and later ones on the same machine must be like it.
func Tatoeba(language string) PairSet {
	set := PairSet{Info: tatoebaInfo(language), load: loadTatoeba}
	if err := checkLanguage(language); err != nil {
		set.load = func(context.Context, Info, Options) (PairParts, error) { return PairParts{}, err }
	}
	return set
}

// checkLanguage keeps what is no language out of addresses and names of files.
func checkLanguage(language string) error {
	ok := len(language) == 3
	for _, c := range language {
		ok = ok && 'a' <= c && c <= 'z'
	}
	if !ok {
		return errors.Errorf(`datasets: Tatoeba: the language %q; want a code of three letters, as "fra"`, language)
	}
	return nil
}

// The selection grows from year to year, so there is no hash to publish: the first download is trusted.
func tatoebaInfo(language string) Info {
	file := language + "-eng.zip"
	return Info{
		Name:        "tatoeba-" + language,
		Title:       "Tatoeba, English and " + language,
		Description: "Sentences in English and their translations, short ones first. Other languages: change the three letters.",
		Task:        "translation",
		Licence:     "CC BY 2.0 FR",
		Citation:    "Tatoeba, https://tatoeba.org; selected by Charles Kelly",
		Source:      "https://www.manythings.org/anki/",
		Size:        "grows; some languages have 200,000 pairs, many a few thousand",
		Files:       []File{{Name: file, URLs: []string{"https://www.manythings.org/anki/" + file}}},
	}
}

func loadTatoeba(ctx context.Context, info Info, o Options) (PairParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return PairParts{}, err
	}
	name := strings.TrimPrefix(info.Name, "tatoeba-") + ".txt"
	files, err := members(paths[0], name)
	if err != nil {
		return PairParts{}, err
	}
	all, err := readTatoeba(files[name], name)
	if err != nil {
		return PairParts{}, err
	}
	return all.shuffled(o)
}

// readTatoeba reads lines of English, a tab, the translation, and in newer files another tab and whose they are.
func readTatoeba(raw []byte, name string) (Pairs, error) {
	var p Pairs
	for i, line := range lines(raw) {
		fields := strings.Split(line, "\t")
		if len(fields) < 2 || fields[0] == "" || fields[1] == "" {
			return Pairs{}, errors.Errorf("datasets: %s: line %d is %.60q; want two sentences with a tab between", name, i+1, line)
		}
		p.Source = append(p.Source, fields[0])
		p.Target = append(p.Target, fields[1])
	}
	if p.Len() == 0 {
		return Pairs{}, errors.Errorf("datasets: %s has no sentences", name)
	}
	return p, nil
}
