// Package catalog has data sets to train on. The small ones are part of the library; the others are fetched from where
// their makers keep them, checked against published hashes (those of Tatoeba have none), and kept on disk. Each is a value
// with a description and a Load:
//
//	digits, err := catalog.Digits.Load(ctx, catalog.Options{})
//	fmt.Println(digits.Train.Len(), catalog.Digits.Licence)
//
// A program contains only the shipped sets whose values it mentions; All describes every set without containing any.
package catalog

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
)

// Info describes a data set. Every set's value has it.
type Info struct {
	Name        string // by which Find and Download know it, as "mnist"
	Title       string
	Description string
	Task        string
	Licence     string // as those who publish the set state it
	Citation    string
	Source      string // a page about it, or the package it was made from
	Size        string // in words: "60,000 images to train on, 10,000 to test"
	Rows        int    // in all parts together; 0 if it is not known before it is fetched
	Shipped     bool   // part of the library; the others have Files
	Files       []File
}

// File is one that a data set is made of.
type File struct {
	Name   string   // in the folder of the set
	URLs   []string // the same file from several places, tried in order
	SHA256 string   // in hex. Empty: nobody publishes it, and that of the first download is kept beside the file
	Bytes  int64    // 0 if it is not known
}

// All describes the data sets, in the order of the documentation.
func All() []Info {
	return []Info{
		kingJamesInfo, pennTreebankInfo, wikiText2Info, text8Info,
		namesInfo, spamInfo, imdbInfo, sst2Info,
		cmudictInfo, multi30kInfo, tatoebaInfo("fra"),
		digitsInfo, mnistInfo,
		harInfo,
		co2Info, sunspotsInfo, weatherInfo, etth1Info, etth2Info, ettm1Info, ettm2Info,
	}
}

// Find describes the data set of that name. Beside the names in All, "tatoeba-" and a language's code of three letters
// is one.
func Find(name string) (Info, bool) {
	for _, info := range All() {
		if info.Name == name {
			return info, true
		}
	}
	if language, ok := strings.CutPrefix(name, "tatoeba-"); ok && checkLanguage(language) == nil {
		return tatoebaInfo(language), true
	}
	return Info{}, false
}

// String is the description as text of some lines.
func (info Info) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\n", info.Name, info.Title, info.Description)
	for _, line := range [][2]string{
		{"task", info.Task}, {"size", info.Size}, {"licence", info.Licence}, {"source", info.Source}, {"cite", info.Citation},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
		}
	}
	return b.String()
}

// errNoLoader is what a set that is not one of this package gives.
func errNoLoader(info Info) error {
	return errors.Errorf("datasets: the set %q has nothing to load; use those of the package", info.Name)
}
