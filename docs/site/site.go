// Package site is the page "What is a recurrent network?": every statement of an introduction as an experiment of the reader's. The
// page is one file without a server, with the library compiled to WebAssembly in it (docs/site/build), or is served by the
// command, which then computes itself (unroll explain rnn).
package site

import (
	"embed"
	"encoding/base64"
	"strings"
)

//go:embed page
var page embed.FS

// Page is the page as one file. Of a program for WebAssembly, compressed by gzip, and the script that Go has for it, it becomes a
// page that computes in the browser; without them it asks the server that it came from, at lesson/NAME.
func Page(wasm, script []byte) []byte {
	var scripts strings.Builder
	tag := func(text string) { scripts.WriteString("<script>" + text + "</script>\n") }
	if wasm != nil {
		worker := string(script) + read("worker.js")
		tag("const unrollWorker = " + quoted(worker) + ";\nconst unrollWasm = \"" + base64.StdEncoding.EncodeToString(wasm) + "\";")
	}
	for _, name := range []string{"texts.js", "texts_vi.js", "charts.js", "engine.js", "app.js"} {
		tag(read(name))
	}
	html := strings.Replace(read("index.html"), "/*STYLE*/", read("style.css"), 1)
	return []byte(strings.Replace(html, "<!--SCRIPTS-->", scripts.String(), 1))
}

// quoted is a text as a string of JavaScript inside of a script element. Base64 has no letter that either would misread.
func quoted(text string) string {
	return `atob("` + base64.StdEncoding.EncodeToString([]byte(text)) + `")`
}

func read(name string) string {
	text, err := page.ReadFile("page/" + name)
	if err != nil {
		panic(err) // the file is part of this package
	}
	return string(text)
}
