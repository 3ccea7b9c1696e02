-- all users who paid this year
SELECT name
FROM users
WHERE paid > 2024;

/* where orders are kept */
CREATE TABLE orders (id int);
