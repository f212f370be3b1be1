package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// service writes the log of a made-up service: requests, jobs that begin and end, connections that open and close.
type service struct {
	rng  *rand.Rand
	at   int   // seconds since midnight
	jobs []int // that have begun and not ended
	next int   // the number of the next job
}

func newService(seed uint64) *service {
	return &service{rng: rand.New(rand.NewPCG(seed, 11)), next: 100}
}

func (s *service) one(of ...string) string { return of[s.rng.IntN(len(of))] }

// line is the next line, in which all is as it should be.
func (s *service) line() string {
	s.at = (s.at + s.rng.IntN(4)) % 86400
	clock := fmt.Sprintf("%02d:%02d:%02d", s.at/3600, s.at/60%60, s.at%60)
	host := s.one("web1", "web2", "web3")
	switch k := s.rng.IntN(10); {
	case k < 5:
		path := s.one("/index.html", "/login", "/api/items", "/api/users", "/static/logo.png")
		status, took := 200, 4+s.rng.IntN(60)
		if s.rng.IntN(20) == 0 {
			status = 404
		}
		return fmt.Sprintf("%s INFO  %s GET %s %d %dms", clock, host, path, status, took)
	case k < 7:
		return s.signIn(clock, host, s.rng.IntN(4))
	case k < 8 || len(s.jobs) == 0 && k < 9:
		s.next++
		s.jobs = append(s.jobs, s.next)
		return fmt.Sprintf("%s INFO  batch job %d started", clock, s.next)
	case k < 9:
		job := s.jobs[0]
		s.jobs = s.jobs[1:]
		return fmt.Sprintf("%s INFO  batch job %d finished with 0 errors", clock, job)
	}
	return fmt.Sprintf("%s DEBUG cache holds %d entries, %d MB free", clock, 1000+s.rng.IntN(9000), 100+s.rng.IntN(900))
}

// signIn is a line of somebody who signs in from one of several networks: those above 3 are none of the service's.
func (s *service) signIn(clock, host string, network int) string {
	user := s.one("anna", "bo", "carl", "dora")
	return fmt.Sprintf("%s INFO  %s user %s signed in from 10.0.%d.%d", clock, host, user, network, 1+s.rng.IntN(254))
}

// kinds of anomaly.
var anomalies = []string{"another level", "another message", "a broken line", "a number out of range", "words out of order",
	"an address of another network", "a job that had not begun"}

// strange is the next line with something wrong in it.
func (s *service) strange(kind int) string {
	line := s.line()
	words := strings.Fields(line)
	switch kind {
	case 0:
		return strings.NewReplacer("INFO ", s.one("ERROR", "FATAL"), "DEBUG", "ERROR").Replace(line)
	case 1:
		return words[0] + " " + s.one("WARN  disk /dev/sda1 is nearly full", "INFO  web2 retrying connection to database",
			"ERROR web1 stack overflow in handler", "INFO  kernel: eth0 link is down", "WARN  certificate expires in 2 days")
	case 2:
		return line[:9+s.rng.IntN(max(len(line)-14, 1))]
	case 3:
		if strings.Contains(line, "GET") {
			return strings.Join(words[:len(words)-2], " ") + fmt.Sprintf(" %d %dms", 500+s.rng.IntN(4), 5000+s.rng.IntN(90000))
		}
		return line + fmt.Sprintf(" (%d retries)", 10+s.rng.IntN(90))
	}
	clock := words[0]
	switch kind {
	case 5:
		return s.signIn(clock, s.one("web1", "web2", "web3"), 5+s.rng.IntN(5))
	case 6:
		return fmt.Sprintf("%s INFO  batch job %d finished with 0 errors", clock, 100+s.rng.IntN(900))
	}
	i := 2 + s.rng.IntN(len(words)-3)
	words[i], words[i+1] = words[i+1], words[i]
	return strings.Join(words, " ")
}

// watched are lines of which a share is strange, and the kind of each: -1 where all is well.
func watched(seed uint64, n int, share float64) (lines []string, kinds []int) {
	s := newService(seed)
	for range n {
		kind := -1
		line := ""
		if s.rng.Float64() < share {
			kind = s.rng.IntN(len(anomalies))
			line = s.strange(kind)
		} else {
			line = s.line()
		}
		lines, kinds = append(lines, line), append(kinds, kind)
	}
	return lines, kinds
}
