#!/bin/bash
cat > /app/main.go <<'EOF'
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"sync"
)

var codes = map[string]int{"ok": 200, "missing": 404}

type Store struct {
	mu    sync.Mutex
	items map[string]string
}

func (s *Store) Put(key, value string) error {
	if key == "" || len(key) > 64 {
		return errors.New("bad key")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[key] = value
	return nil
}

func (s *Store) Get(key string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, found := s.items[key]
	return value, found
}

func word(code int) string {
	switch code {
	case 200:
		return "ok"
	case 404:
		return "missing"
	}
	return "other"
}

func main() {
	port := flag.Int("port", 8080, "where to listen")
	verbose := flag.Bool("verbose", false, "say more")
	flag.Parse()
	store := &Store{items: map[string]string{}}
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		value, found := store.Get(r.URL.Query().Get("key"))
		if !found {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, value)
	})
	if *verbose {
		fmt.Println("port", *port, word(codes["ok"]))
	}
	if err := http.ListenAndServe(fmt.Sprintf(":%d", *port), nil); err != nil {
		panic(err)
	}
}
EOF
cd /app && go build -o server main.go
./server --port 8080 &
