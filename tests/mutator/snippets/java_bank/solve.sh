#!/bin/bash
mkdir -p /app/src
cat > /app/src/Bank.java <<'EOF'
import java.util.HashMap;
import java.util.Map;

public class Bank {
    private static final Map<String, Integer> FEES = Map.of("cash", 2, "wire", 5);
    private final Map<String, Long> accounts = new HashMap<>();
    private boolean open = true;

    public synchronized void deposit(String name, long amount) {
        if (amount <= 0) {
            throw new IllegalArgumentException("amount must be positive");
        }
        accounts.merge(name, amount, Long::sum);
    }

    public synchronized boolean move(String from, String to, long amount, String how) {
        long fee = FEES.getOrDefault(how, 0);
        Long held = accounts.get(from);
        if (held == null || held < amount + fee || !open) {
            return false;
        }
        accounts.put(from, held - amount - fee);
        deposit(to, amount);
        return true;
    }

    public String grade(int points) {
        switch (points / 10) {
            case 9: return "A";
            case 8: return "B";
            default: return "C";
        }
    }

    public static void main(String[] args) {
        Bank bank = new Bank();
        bank.deposit("ann", 100);
        try {
            bank.move("ann", "bob", Long.parseLong(args[0]), "wire");
        } catch (NumberFormatException error) {
            System.err.println("not a number: " + args[0]);
            System.exit(2);
        }
        System.out.println(bank.accounts.get("bob"));
    }
}
EOF
cd /app && javac -d out src/Bank.java && java -cp out Bank 40
