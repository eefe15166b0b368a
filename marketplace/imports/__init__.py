"""Portfolio files (资产包文件): the XLSX template, its reading and its import."""
