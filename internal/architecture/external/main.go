// Command external fetches every link to another site from the Markdown of this repository, once, and prints what came back:
//
//	go run ./internal/architecture/external
//
// It is no test: sites are down for an hour, and machines without a network build this. It ends with status 1 if a link is dead.
package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// patience with one site.
const patience = 20 * time.Second

var (
	fence = regexp.MustCompile("(?ms)^```.*?^```")
	code  = regexp.MustCompile("`[^`\n]*`")
	link  = regexp.MustCompile(`\]\(<?(https://[^)\s>]*)>?(?: "[^"]*")?\)`)
)

func main() {
	found, err := links(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if dead := report(os.Stdout, &http.Client{Timeout: patience}, found); dead > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d links are dead\n", dead, len(found))
		os.Exit(1)
	}
}

// links returns the addresses below a folder, without anchors, each once, in order.
func links(root string) (found []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".md") {
			return nil
		}
		raw, err := os.ReadFile(path)
		text := code.ReplaceAllString(fence.ReplaceAllString(string(raw), ""), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			address, _, _ := strings.Cut(m[1], "#")
			found = append(found, address)
		}
		return err
	})
	slices.Sort(found)
	return slices.Compact(found), err
}

// report fetches each, prints a line of its status and address, and counts those that gave no page.
func report(out io.Writer, client *http.Client, found []string) (dead int) {
	for _, address := range found {
		status := fetch(client, address)
		if !strings.HasPrefix(status, "2") {
			dead++
		}
		fmt.Fprintf(out, "%s\t%s\n", status, address)
	}
	return dead
}

// fetch is the status after redirections, or why there is none.
func fetch(client *http.Client, address string) string {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err.Error()
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (link check)") // some sites refuse what names itself Go
	answer, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	_ = answer.Body.Close()
	return answer.Status
}
