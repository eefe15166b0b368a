"""Claims on a compensation fund (风险补偿): applied for, reviewed, advanced, recovered, cleared."""
