//go:build kernel

package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/cosmos72/gomacro/imports"
	"github.com/pkg/errors"
)

// checkImports refuses a package that the kernel does not have. The interpreter would fetch it and compile a plugin, which a
// static program cannot load: it says so after minutes, or with the output of the go command.
func checkImports(code string) error {
	for _, p := range importsOf(code) {
		if _, ok := imports.Packages[p]; ok || p == "C" || p == "unsafe" {
			continue
		}
		return errors.Errorf("import %q: the kernel has no such package%s. It has those of Unroll, Gorgonia, tensor and of Go itself, "+
			"but for packages of generic functions such as slices; none can be added", p, similar(path.Base(p), sortedKeys(imports.Packages), path.Base))
	}
	return nil
}

// importsOf lists what the import declarations of a cell name. A cell is no whole file: they may stand anywhere in it.
func importsOf(code string) []string {
	files := token.NewFileSet()
	var s scanner.Scanner
	s.Init(files.AddFile("", files.Base(), len(code)), []byte(code), func(token.Position, string) {}, 0)
	var list []string
	inside, block := false, false
	for {
		_, t, text := s.Scan()
		switch {
		case t == token.EOF:
			return list
		case t == token.IMPORT:
			inside, block = true, false
		case inside && t == token.LPAREN:
			block = true
		case t == token.RPAREN, t == token.SEMICOLON && !block:
			inside = false
		case inside && t == token.STRING:
			if p, err := strconv.Unquote(text); err == nil {
				list = append(list, p)
			}
		}
	}
}

// missing are the interpreter's two ways to say that a package lacks a name: that of a function which is called, and any other.
var missing = []*regexp.Regexp{
	regexp.MustCompile(`not a type: (\w+)\.(\w+) <\*ast\.SelectorExpr>`),
	regexp.MustCompile(`package (\w+) "[^"]*" has no symbol (\w+)`),
}

// explained says of a name that a package lacks which names it has that look like it.
func explained(err error) error {
	if err == nil {
		return nil
	}
	for _, pattern := range missing {
		text := err.Error()
		found := pattern.FindStringSubmatchIndex(text)
		if found == nil {
			continue
		}
		pkg, name := text[found[2]:found[3]], text[found[4]:found[5]]
		return errors.Errorf("%spackage %s has no %s%s%s", text[:found[0]], pkg, name, similar(name, namesOf(pkg), func(s string) string { return s }), text[found[1]:])
	}
	return err
}

// namesOf lists what packages of that name export.
func namesOf(pkg string) []string {
	var list []string
	for p, has := range imports.Packages {
		if path.Base(p) == pkg {
			list = append(list, sortedKeys(has.Binds)...)
			list = append(list, sortedKeys(has.Types)...)
		}
	}
	sort.Strings(list)
	return list
}

// similar names the three of a list that may most likely have been meant, by a part of them: " (similar: A, B)", or nothing.
func similar(name string, list []string, part func(string) string) string {
	far := map[string]int{}
	var near []string
	for _, s := range list {
		a, b := strings.ToLower(name), strings.ToLower(part(s))
		d := distance(a, b)
		if len(a) > 2 && strings.HasPrefix(b, a) || len(b) > 2 && strings.HasPrefix(a, b) {
			d = 1 // of a longer name the beginning, or of a shorter one
		}
		if d <= 1+len(a)/6 {
			far[s], near = d, append(near, s)
		}
	}
	if len(near) == 0 {
		return ""
	}
	sort.SliceStable(near, func(i, j int) bool { return far[near[i]] < far[near[j]] })
	return fmt.Sprintf(" (similar: %s)", strings.Join(near[:min(3, len(near))], ", "))
}

// distance is how many letters have to be put in, left out or exchanged to make b of a (Levenshtein, 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
