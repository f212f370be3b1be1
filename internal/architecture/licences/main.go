// Command licences lists what the command unroll is linked with, on the systems that releases are made for: each module with its
// version and the licences that its files have. From the root of the repository
//
//	go run ./internal/architecture/licences           # the table of docs/licences.md
//	go run ./internal/architecture/licences -texts >THIRD-PARTY     # every licence in full, as a release ships it
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	texts := flag.Bool("texts", false, "print the licences in full in the place of a table")
	flag.Parse()
	all, err := linked()
	if err != nil {
		log.Fatal(err)
	}
	if *texts {
		for _, m := range all {
			for _, f := range m.files {
				fmt.Printf("==== %s %s: %s\n\n%s\n", m.path, m.version, f.name, f.text)
			}
		}
		return
	}
	fmt.Println("| module | version | licence |\n|---|---|---|")
	for _, m := range all {
		fmt.Println(m.row())
	}
}

// module is one that is linked.
type module struct {
	path, version, dir string
	files              []file
}

type file struct{ name, text string }

// row is the module's line of the table.
func (m module) row() string {
	var kinds []string
	for _, f := range m.files {
		kinds = append(kinds, kindsOf(f.text)...)
	}
	slices.Sort(kinds)
	return fmt.Sprintf("| %s | %s | %s |", m.path, m.version, strings.Join(slices.Compact(kinds), ", "))
}

// linked are the modules of all systems.
func linked() ([]module, error) {
	var all []module
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-deps", "-f",
			"{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "./cmd/unroll")
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(out)) {
			var m module
			n, _ := fmt.Sscan(line, &m.path, &m.version, &m.dir) // fewer for a module that is not on the disk
			known := slices.ContainsFunc(all, func(o module) bool { return o.path == m.path })
			if n == 3 && !known {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	for i := range all {
		if err := all[i].read(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var names = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice)s?([-.].*)?$`)

// read reads the files that say what a module's licence is. Some modules have a folder of them.
func (m *module) read() error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(m.dir, e.Name())
		switch {
		case !names.MatchString(e.Name()):
		case e.IsDir():
			inside := module{dir: path}
			if err := inside.readAll(); err != nil {
				return err
			}
			m.files = append(m.files, inside.files...)
		default:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			m.files = append(m.files, file{e.Name(), string(text)})
		}
	}
	if len(m.files) == 0 {
		return fmt.Errorf("%s has no licence", m.path)
	}
	return nil
}

func (m *module) readAll() error {
	paths, err := filepath.Glob(filepath.Join(m.dir, "*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m.files = append(m.files, file{filepath.Base(path), string(text)})
	}
	return nil
}

// kindsOf are the SPDX names of the licences in a text, by sentences that only they have.
func kindsOf(text string) (kinds []string) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(s string) bool { return strings.Contains(text, s) }
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"Apache-2.0", has("apache license, version 2.0") || has("apache license version 2.0")},
		{"BSD-3-Clause", has("redistribution and use in source and binary forms") && has("neither the name")},
		{"BSD-2-Clause", has("redistribution and use in source and binary forms") && !has("neither the name")},
		{"CC-BY-4.0", has("creative commons attribution 4.0 international public license")},
		{"FTL", has("the freetype project license")},
		{"GPL-2.0-or-later", has("gnu general public license version 2")},
		{"MIT", has("permission is hereby granted, free of charge, to any person obtaining a copy")},
		{"OFL-1.1", has("sil open font license version 1.1")},
		{"Unlicense", has("this is free and unencumbered software released into the public domain")},
	} {
		if k.is {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}
