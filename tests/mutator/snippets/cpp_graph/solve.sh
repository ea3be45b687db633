#!/bin/bash
cat > /app/graph.cpp <<'EOF'
#include <iostream>
#include <map>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

class Graph {
public:
    void join(int a, int b, int cost = 1) {
        if (cost < 0) {
            throw std::invalid_argument("cost below zero");
        }
        edges_[a].push_back({b, cost});
        edges_[b].push_back({a, cost});
    }

    int distance(int from, int to) const {
        std::priority_queue<std::pair<int, int>> open;
        std::map<int, int> best;
        open.push({0, from});
        while (!open.empty()) {
            auto [minus, node] = open.top();
            open.pop();
            if (best.count(node) > 0) continue;
            best[node] = -minus;
            if (node == to) return -minus;
            auto found = edges_.find(node);
            if (found == edges_.end()) continue;
            for (const auto &edge : found->second) open.push({minus - edge.second, edge.first});
        }
        return -1;
    }

private:
    std::map<int, std::vector<std::pair<int, int>>> edges_;
};

int main() {
    Graph graph;
    int a, b, cost;
    while (std::cin >> a >> b >> cost) graph.join(a, b, cost);
    std::cout << graph.distance(0, 9) << std::endl;
    return 0;
}
EOF
g++ -std=c++17 -O2 /app/graph.cpp -o /app/graph
